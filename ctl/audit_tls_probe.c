/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_tls_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit_tls_hello.h"
#include "base/cleanup.h"
#include "wait.h"

/* For one handshake, from connect() on. */
#define HANDSHAKE_MAX (5 * USEC_PER_SEC)
/* Suites of TLS 1.3 that OpenSSL knows. */
#define TLS13_SUITES                                                                                         \
	"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"                        \
	"TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"

struct probe {
	const struct sockaddr *address;
	socklen_t len;
	const char *server_name;
	struct tls_server *server;
	bool asked; /* for a certificate, in this handshake */
};

/* A connected socket, or negative errno. */
static int open_connection(const struct probe *p, usec_t deadline)
{
	_cleanup_close_ int fd = socket(p->address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r, error = 0;
	socklen_t len = sizeof(error);

	if (fd < 0)
		return -errno;
	if (connect(fd, p->address, p->len) < 0) {
		if (errno != EINPROGRESS)
			return -errno;
		r = wait_for(fd, POLLOUT, deadline);
		if (r < 0)
			return r;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			return -errno;
		if (error)
			return -error;
	}
	return TAKE_FD(fd);
}

static int on_client_certificate(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
	struct probe *p = SSL_get_app_data(ssl);

	(void)certificate;
	(void)key;
	p->server->asks = p->asked = true;
	return 0; /* none */
}

/* A context that offers one version and these suites, whatever this host's own policy is. */
static SSL_CTX *make_context(int version, const char *suites)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	bool ok;

	if (!ctx)
		return NULL;
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_default_verify_paths(ctx);
	SSL_CTX_set_client_cert_cb(ctx, on_client_certificate);
	ok = SSL_CTX_set_min_proto_version(ctx, version) && SSL_CTX_set_max_proto_version(ctx, version);
	if (ok && version == TLS1_3_VERSION)
		ok = SSL_CTX_set_ciphersuites(ctx, suites);
	else if (ok)
		ok = SSL_CTX_set_cipher_list(ctx, suites);
	if (!ok) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

/* 0, or negative errno; -EPROTO: the server does not want it, or speaks no TLS. */
static int shake_hands(SSL *ssl, int fd, usec_t deadline)
{
	int r, wait;

	while ((r = SSL_connect(ssl)) != 1) {
		int error = SSL_get_error(ssl, r);

		if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
			return -EPROTO;
		wait = wait_for(fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline);
		if (wait < 0)
			return wait;
	}
	return 0;
}

static void note_suite(const SSL_CIPHER *cipher, struct tls_suite *suite)
{
	const char *name = cipher ? SSL_CIPHER_get_name(cipher) : "";

	*suite = (struct tls_suite){.bits = cipher ? SSL_CIPHER_get_bits(cipher, NULL) : 0,
				    .kx = cipher ? SSL_CIPHER_get_kx_nid(cipher) : 0,
				    .auth = cipher ? SSL_CIPHER_get_auth_nid(cipher) : 0};
	strncpy(suite->name, name, sizeof(suite->name) - 1);
}

static void note_certificate(const SSL *ssl, struct tls_server *s)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

	if (s->certificate)
		return;
	s->certificate = SSL_get1_peer_certificate(ssl);
	s->chain = chain ? X509_chain_up_ref(chain) : NULL;
	s->verified = SSL_get_verify_result(ssl);
}

static int try_suites(struct probe *p, SSL_CTX *ctx, struct tls_suite *ret)
{
	usec_t deadline = time_monotonic() + HANDSHAKE_MAX;
	_cleanup_close_ int fd = open_connection(p, deadline);
	SSL *ssl;
	int r;

	if (fd < 0)
		return fd;
	ssl = SSL_new(ctx);
	if (!ssl)
		return -ENOMEM;
	p->asked = false;
	SSL_set_app_data(ssl, p);
	if (p->server_name)
		SSL_set_tlsext_host_name(ssl, p->server_name);
	r = SSL_set_fd(ssl, fd) ? shake_hands(ssl, fd, deadline) : -ENOMEM;
	/* Who wants a certificate, and gets none, ends it there; but until then version and suite were right.
	 */
	if (r == -EPROTO && p->asked && SSL_get_pending_cipher(ssl))
		r = 0;
	if (r == 0) {
		note_suite(p->asked ? SSL_get_pending_cipher(ssl) : SSL_get_current_cipher(ssl), ret);
		note_certificate(ssl, p->server);
	}
	SSL_free(ssl);
	return r;
}

/* Takes name out of a list with colons. */
static void remove_suite(char *list, const char *name)
{
	size_t n = strlen(name);
	char *p = list;

	while (*p) {
		size_t len = strcspn(p, ":");

		if (len == n && strncmp(p, name, n) == 0) {
			char *rest = p + len + (p[len] == ':');

			memmove(p, rest, strlen(rest) + 1);
			return;
		}
		p += len + (p[len] == ':');
	}
}

/* All suites that OpenSSL can offer below 1.3, with those that encrypt nothing or ask nobody who he is. */
static char *all_suites(void)
{
	static const char most[] = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
	SSL_CTX *ctx = make_context(TLS1_2_VERSION, most);
	STACK_OF(SSL_CIPHER) *ciphers = ctx ? SSL_CTX_get_ciphers(ctx) : NULL;
	char *list = calloc(1, 16384);
	int i;

	for (i = 0; list && ciphers && i < sk_SSL_CIPHER_num(ciphers); i++) {
		const char *name = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i));

		if (strncmp(name, "TLS_", 4) == 0 || strlen(list) + strlen(name) + 2 > 16384)
			continue;
		if (*list)
			strcat(list, ":");
		strcat(list, name);
	}
	SSL_CTX_free(ctx);
	return list;
}

/* Offers all suites, then all but the one that was taken, and so on. */
static int probe_version(struct probe *p, struct tls_version *v, const char *all)
{
	_cleanup_free_ char *left = strdup(v->number == TLS1_3_VERSION ? TLS13_SUITES : all);
	int r = left ? 0 : -ENOMEM;

	while (r == 0 && *left && v->n < TLS_SUITES_MAX) {
		SSL_CTX *ctx = make_context(v->number, left);

		r = ctx ? try_suites(p, ctx, &v->suites[v->n]) : -ENOMEM;
		SSL_CTX_free(ctx);
		if (r == 0)
			remove_suite(left, v->suites[v->n++].name);
	}
	return r;
}

/* What OpenSSL cannot offer: the same, by a ClientHello of our own. */
static int probe_old(const struct probe *p, struct tls_version *v)
{
	uint16_t left[TLS_SUITES_MAX];
	size_t i, n = 0;
	int chosen = 0;

	for (i = 0; i < n_hello_suites; i++)
		if (v->number == HELLO_SSL3 || !hello_suites[i].ssl3_only)
			left[n++] = hello_suites[i].number;
	while (n > 0 && v->n < TLS_SUITES_MAX) {
		usec_t deadline = time_monotonic() + HANDSHAKE_MAX;
		_cleanup_close_ int fd = open_connection(p, deadline);

		chosen = fd < 0 ? fd : tls_hello(fd, deadline, v->number, p->server_name, left, n);
		if (chosen < 0)
			return chosen;
		for (i = 0; i < n && left[i] != chosen; i++)
			;
		/* It chose what was not offered. */
		if (i == n)
			return -EPROTO;
		memmove(&left[i], &left[i + 1], (--n - i) * sizeof(*left));
		for (i = 0; i < n_hello_suites; i++)
			if (hello_suites[i].number == chosen)
				v->suites[v->n++] = hello_suites[i].suite;
	}
	return 0;
}

/* All of one version. -EPROTO: there is no more; or why there is no connection. */
static int probe_all(struct probe *p, struct tls_version *v, const char *all)
{
	int r = v->number == HELLO_SSL3 ? -EPROTO : probe_version(p, v, all);

	if (v->number != TLS1_3_VERSION && (r == 0 || r == -EPROTO || r == -ECONNRESET))
		r = probe_old(p, v);
	return r;
}

int tls_probe(const struct sockaddr *address, socklen_t len, const char *server_name, struct tls_server *ret)
{
	static const struct tls_version versions[TLS_VERSIONS] = {
		{.number = HELLO_SSL3, .name = "SSL 3.0"},
		{.number = TLS1_VERSION, .name = "TLS 1.0"},
		{.number = TLS1_1_VERSION, .name = "TLS 1.1"},
		{.number = TLS1_2_VERSION, .name = "TLS 1.2"},
		{.number = TLS1_3_VERSION, .name = "TLS 1.3"}};
	struct probe p = {address, len, server_name, ret, false};
	_cleanup_free_ char *all = NULL;
	bool any = false;
	size_t i;

	*ret = (struct tls_server){.verified = X509_V_OK};
	/* openssl.cnf of this host may forbid what the server still does. */
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	all = all_suites();
	memcpy(ret->versions, versions, sizeof(versions));
	for (i = 0; all && i < TLS_VERSIONS; i++) {
		/* The oldest comes last: there are servers that hang when it is offered. */
		struct tls_version *v = &ret->versions[(i + 1) % TLS_VERSIONS];
		int r = probe_all(&p, v, all);

		any |= v->n > 0;
		if (r != -EPROTO && r < 0 && r != -ECONNRESET)
			ret->error = r;
		/* Where nobody answers, the other versions need not be waited for. */
		if (!any && ret->error)
			break;
	}
	if (any)
		return 0;
	return !all ? -ENOMEM : ret->error ? ret->error : -EPROTO;
}

void tls_server_done(struct tls_server *s)
{
	X509_free(s->certificate);
	sk_X509_pop_free(s->chain, X509_free);
	s->certificate = NULL;
	s->chain = NULL;
}
