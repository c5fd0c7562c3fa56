/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS of a listener: what it accepts, judged by RFC 8996 and RFC 9325. Of what findings cite,
 * RFC 9325 3.1.1 (versions), 4.1 (suites) and 4.5 (keys) were compared with the text; RFC 8996 4
 * and 5, RFC 7568 3, RFC 5246 A.5 (anonymous, unless an application asks for it), RFC 5922
 * 7.1 and RFC 5280 6.1 with what others quote of it. Not looked up: RFC 9325 7.1, which is
 * taken for what was 6.1 in RFC 7525 from the order of its sections.
 */
#include "audit_tls.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_tls_probe.h"
#include "base/addr.h"
#include "base/cleanup.h"
#include "base/text.h"

/* Fewer days are left than a renewal that failed needs to be noticed. */
#define DAYS_SHORT 14

static const struct audit_check old_version = {
	"tls-old-version", AUDIT_WARNING,
	"It is broken: who sits between phone and gateway reads passwords and calls.",
	"RFC 9325 section 3.1.1: SSL 3.0, TLS 1.0 and 1.1 MUST NOT be negotiated; RFC 7568 section 3, RFC "
	"8996 "
	"sections 4 and 5"};
static const struct audit_check no_tls12 = {
	"tls-no-1.2", AUDIT_WARNING,
	"Phones that know nothing newer than TLS 1.2 fall back to older versions, or to no TLS.",
	"RFC 9325 section 3.1.1: TLS 1.2 MUST be supported"};
static const struct audit_check no_tls13 = {"tls-no-1.3", AUDIT_INFO,
					    "TLS 1.3 leaves out what went wrong in 1.2.",
					    "RFC 9325 section 3.1.1: TLS 1.3 SHOULD be supported"};
static const struct audit_check broken_suite = {
	"tls-broken-suite", AUDIT_CRITICAL,
	"Nothing is encrypted, or with a key that can be searched, or nobody knows with whom.",
	"RFC 9325 section 4.1: no NULL encryption, no less than 112 bits, no RC4 (MUST NOT). RFC 5246 "
	"appendix A.5: anonymous "
	"suites MUST NOT be used"};
static const struct audit_check no_secrecy = {
	"tls-no-forward-secrecy", AUDIT_WARNING,
	"Who records the traffic today and gets the server's key later, reads all of it.",
	"RFC 9325 section 4.1: cipher suites based on RSA key transport, and on static Diffie-Hellman, "
	"SHOULD NOT be negotiated"};
static const struct audit_check finite_dh = {
	"tls-finite-field-dh", AUDIT_INFO,
	"Its parameters are often weak or shared, and a client cannot refuse them.",
	"RFC 9325 section 4.1: DHE SHOULD NOT be negotiated"};
static const struct audit_check weak_bits = {
	"tls-weak-bits", AUDIT_WARNING, "Its keys are shorter than what is safe.",
	"RFC 9325 section 4.1: less than 128 bits SHOULD NOT be negotiated"};
static const struct audit_check suites = {"tls-suites", AUDIT_INFO, "What a client can get from this server.",
					  NULL};
static const struct audit_check expired = {
	"tls-certificate-time", AUDIT_WARNING,
	"Phones that look at the certificate refuse it; the others teach people not to look.",
	"RFC 5280 section 4.1.2.5"};
static const struct audit_check untrusted = {
	"tls-certificate-untrusted", AUDIT_WARNING,
	"A phone cannot tell this server from somebody between them, unless it was given the certificate by "
	"hand.",
	"RFC 5280 section 6.1; judged by the authorities that this host trusts"};
static const struct audit_check other_name = {
	"tls-certificate-name", AUDIT_WARNING,
	"A phone that checks the name refuses it; one that does not can be intercepted.",
	"RFC 9325 section 7.1, RFC 5922 section 7.1"};
static const struct audit_check weak_key = {
	"tls-certificate-key", AUDIT_WARNING, "The key or signature can be forged with enough effort.",
	"RFC 9325 section 4.5: RSA keys of at least 2048 bits; no curves of less "
	"than 224 bits; SHA-256 is RECOMMENDED, SHA-1 and MD5 MUST NOT be used"};
static const struct audit_check client_certificate = {
	"tls-client-certificate", AUDIT_INFO,
	"Whether it lets in who shows none is not known: a handshake went on without.", NULL};

struct target {
	struct audit *a;
	const char *text, *host;
	struct audit_place at;
};

static const char *subject(const struct target *t, const char *what)
{
	char *text = audit_keep(t->a, text_printf("%s/%s", t->text, what));

	return text ? text : t->text;
}

/* Versions and suites */

static bool is_ephemeral(const struct tls_suite *s, int version)
{
	return version == TLS1_3_VERSION || s->kx == NID_kx_ecdhe || s->kx == NID_kx_dhe ||
	       s->kx == NID_kx_any || s->kx == NID_kx_ecdhe_psk || s->kx == NID_kx_dhe_psk;
}

static bool is_broken(const struct tls_suite *s)
{
	return s->bits < 112 || s->auth == NID_auth_null || strstr(s->name, "RC4");
}

/* The names of those of a version for which wanted says so, or NULL. */
static char *names_of(const struct tls_version *v, bool (*wanted)(const struct tls_suite *s, int version))
{
	char *names = NULL;
	size_t i;

	for (i = 0; i < v->n; i++) {
		char *longer;

		if (wanted && !wanted(&v->suites[i], v->number))
			continue;
		longer = names ? text_printf("%s %s", names, v->suites[i].name) : strdup(v->suites[i].name);
		free(names);
		names = longer;
	}
	return names;
}

static bool want_broken(const struct tls_suite *s, int version)
{
	return version != TLS1_3_VERSION && is_broken(s);
}

static bool want_static(const struct tls_suite *s, int version)
{
	return !is_broken(s) && !is_ephemeral(s, version);
}

static bool want_finite(const struct tls_suite *s, int version)
{
	return version != TLS1_3_VERSION && s->kx == NID_kx_dhe && !is_broken(s);
}

static bool want_short(const struct tls_suite *s, int version)
{
	(void)version;
	return !is_broken(s) && s->bits < 128;
}

static void judge_version(const struct target *t, const struct tls_version *v)
{
	static const struct {
		const struct audit_check *check;
		bool (*wanted)(const struct tls_suite *s, int version);
		const char *what, *change;
	} rules[] = {
		{&broken_suite, want_broken, "accepts suites without encryption or authentication",
		 "ciphers: ECDHE+AESGCM:ECDHE+CHACHA20"},
		{&no_secrecy, want_static, "accepts suites without forward secrecy",
		 "ciphers: ECDHE+AESGCM:ECDHE+CHACHA20"},
		{&weak_bits, want_short, "accepts suites of less than 128 bits",
		 "ciphers: ECDHE+AESGCM:ECDHE+CHACHA20"},
		{&finite_dh, want_finite, "accepts DHE", "ciphers: ECDHE+AESGCM:ECDHE+CHACHA20"},
		{&suites, NULL, "accepts", "nothing: this is for your information"},
	};
	size_t i;

	if (v->n > 0 && v->number < TLS1_2_VERSION)
		audit_find(t->a, &old_version, t->at, subject(t, v->name),
			   "the method or versions of this listener: TLS 1.2 and up", "%s is accepted",
			   v->name);
	for (i = 0; i < ELEMENTSOF(rules); i++) {
		_cleanup_free_ char *names = names_of(v, rules[i].wanted);

		if (names)
			audit_find(t->a, rules[i].check, t->at, subject(t, v->name), rules[i].change,
				   "%s %s: %s", v->name, rules[i].what, names);
	}
}

/* Certificate */

static void judge_time(const struct target *t, X509 *certificate)
{
	int days = 0, seconds = 0;
	const ASN1_TIME *end = X509_get0_notAfter(certificate);

	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		audit_find(t->a, &expired, t->at, subject(t, "time"),
			   "the clock of that host, or the certificate", "the certificate is not valid yet");
	if (!ASN1_TIME_diff(&days, &seconds, NULL, end) || days < 0 || seconds < 0)
		audit_find(t->a, &expired, t->at, subject(t, "time"),
			   "renew the certificate, and see why nobody did",
			   "the certificate is over since %d days", -days);
	else if (days < DAYS_SHORT)
		audit_find(t->a, &expired, t->at, subject(t, "time"), "renew the certificate",
			   "the certificate has %d days left", days);
}

static void judge_name(const struct target *t, X509 *certificate)
{
	struct addr a;
	bool is_address = addr_parse(t->host, strlen(t->host), &a) == 0;
	int r = is_address ? X509_check_ip_asc(certificate, t->host, 0)
			   : X509_check_host(certificate, t->host, 0, 0, NULL);

	/* Phones know the server by its name; what stands for an address says nothing. */
	if (r != 1 && !is_address)
		audit_find(t->a, &other_name, t->at, subject(t, "name"), "a certificate for this name",
			   "the certificate is not for '%s'", t->host);
}

static void judge_key(const struct target *t, X509 *certificate)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	int bits = key ? EVP_PKEY_get_bits(key) : 0, type = key ? EVP_PKEY_get_base_id(key) : 0,
	    digest = NID_undef;
	int least = type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS || type == EVP_PKEY_DSA ? 2048 : 224;

	if (bits < least)
		audit_find(t->a, &weak_key, t->at, subject(t, "key"), "a new key and certificate",
			   "its key has %d bits", bits);
	X509_get_signature_info(certificate, &digest, NULL, NULL, NULL);
	/* Nobody relies on how a certificate signed itself. */
	if ((digest == NID_sha1 || digest == NID_md5) &&
	    X509_check_issued(certificate, certificate) != X509_V_OK)
		audit_find(t->a, &weak_key, t->at, subject(t, "signature"),
			   "a new certificate, signed with SHA-256", "it is signed with %s",
			   OBJ_nid2sn(digest));
}

static void judge_certificate(const struct target *t, const struct tls_server *s)
{
	if (!s->certificate)
		return;
	judge_time(t, s->certificate);
	judge_name(t, s->certificate);
	judge_key(t, s->certificate);
	/* Time is told of above. */
	if (s->verified != X509_V_OK && s->verified != X509_V_ERR_CERT_HAS_EXPIRED &&
	    s->verified != X509_V_ERR_CERT_NOT_YET_VALID)
		audit_find(t->a, &untrusted, t->at, subject(t, "chain"),
			   "a certificate of an authority that phones know, with the whole chain",
			   "this host does not trust it: %s", X509_verify_cert_error_string(s->verified));
}

static void judge(const struct target *t, const struct tls_server *s)
{
	size_t i;

	for (i = 0; i < TLS_VERSIONS; i++)
		judge_version(t, &s->versions[i]);
	if (s->versions[AT_TLS_1_2].n == 0)
		audit_find(t->a, &no_tls12, t->at, subject(t, "TLS 1.2"),
			   "the method or versions of this listener", "TLS 1.2 is not accepted");
	if (s->versions[AT_TLS_1_3].n == 0)
		audit_find(t->a, &no_tls13, t->at, subject(t, "TLS 1.3"),
			   "the method or versions of this listener", "TLS 1.3 is not accepted");
	judge_certificate(t, s);
	if (s->asks)
		audit_find(t->a, &client_certificate, t->at, subject(t, "client"),
			   "nothing: this is for your information", "it asks clients for a certificate");
}

/* Targets */

/* "[::1]:5061", "name:5061". False if it is none. */
static bool split(const char *target, char **host, char **port)
{
	const char *colon = strrchr(target, ':'), *start = target, *end = colon;

	if (!colon || colon == target || !colon[1] || colon[1 + strspn(colon + 1, "0123456789")])
		return false;
	if (*start == '[') {
		start++;
		end--;
		if (end < start || *end != ']')
			return false;
	} else if (memchr(start, ':', (size_t)(end - start))) {
		return false;
	}
	*host = strndup(start, (size_t)(end - start));
	*port = strdup(colon + 1);
	return *host && *port;
}

static int probe_any(const char *host, const char *port, struct tls_server *server, const char **why)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL, *one;
	struct addr literal;
	bool is_address = addr_parse(host, strlen(host), &literal) == 0;
	int r = getaddrinfo(host, port, &hints, &list);

	if (r != 0) {
		*why = gai_strerror(r);
		return -EHOSTUNREACH;
	}
	r = -EHOSTUNREACH;
	for (one = list; one && r < 0; one = one->ai_next)
		r = tls_probe(one->ai_addr, one->ai_addrlen, is_address ? NULL : host, server);
	freeaddrinfo(list);
	*why = r == -EPROTO ? "it speaks neither SSL 3.0 nor TLS 1.0 to 1.3" : strerror(-r);
	return r;
}

bool audit_tls(struct audit *a, const char *target)
{
	_cleanup_free_ char *host = NULL, *port = NULL;
	struct tls_server *server = NULL;
	struct target t = {.a = a, .text = target, .at = {target, 0}};
	const char *why =
		"it is not HOST:PORT, as 192.0.2.1:5061, [2001:db8::1]:5061 or sip.example.net:5061";
	char safe[200];
	int r = -EINVAL;

	if (split(target, &host, &port))
		server = calloc(1, sizeof(*server));
	if (server) {
		t.host = host;
		r = probe_any(host, port, server, &why);
		if (r == 0)
			judge(&t, server);
		tls_server_done(server);
		free(server);
	}
	if (r < 0)
		fprintf(stderr, "sipwarden: %s cannot be audited: %s\n",
			text_escape(SPAN(target), safe, sizeof(safe)), why);
	else if (r == 0)
		a->listeners++;
	return r == 0;
}
