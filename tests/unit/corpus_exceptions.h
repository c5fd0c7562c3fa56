/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_TESTS_CORPUS_EXCEPTIONS_H
#define SIPWARDEN_TESTS_CORPUS_EXCEPTIONS_H

/*
 * Rows of tests/corpora that no filter can be right on, or must not be, with
 * the reason; docs/gateways/ssh.md and web.md tell them, too. A row is known by
 * its address column and its line. One that a filter is right on fails the test:
 * it does not belong here.
 */
static const struct corpus_exception {
	const char *addr;
	const char *line;
} corpus_exceptions[] = {
	/*
	 * 192.030.0.6 is 192.30.0.6 to some and, read as octal, 192.24.0.6 to others. sshd does not
	 * write such an address.
	 */
	{"192.030.0.6", "Jun 21 16:47:48 digital-mlhhyiqscv sshd[13709]: error: PAM: Authentication failure f"
			"or myhlj1374 from 192.030.0.6"},
	/*
	 * A host name in place of the address (UseDNS yes, OpenSSH before 6.8). Asking DNS would let its
	 * owner choose who is banned.
	 */
	{"example.com", "Apr 29 17:16:20 Jamess-iMac.local sshd[62312]: error: PAM: authentication error for "
			"james from example.com via 192.168.1.201"},
	{"example.com", "May 29 20:56:52 imago sshd[28732]: error: PAM: Authentication failure for stefanor f"
			"rom example.com"},
	{"example.com", "Feb 25 14:34:11 belka sshd[31607]: User root from example.com not allowed because no"
			"t listed in AllowUsers"},
	{"example.com", "Mar 26 04:56:27 angel sshd[9739]: User allena from example.com not allowed because n"
			"ot in any group"},
	/*
	 * The line has no address, or has it for a reason that only an earlier line of the same
	 * connection tells.
	 */
	{"192.0.2.10", "Feb 17 17:40:17 sshd[19725]: error: kex_exchange_identification: client sent invalid"
		       " protocol identifier \"\""},
	{"192.0.2.3", "Nov 26 15:03:32 host sshd[22440]: fatal: Unable to negotiate a key exchange method ["
		      "preauth]"},
	{"192.0.2.1", "Oct 25 19:37:09 hostname sshd[22477]: fatal: no matching mac found: client hmac-xxx,"
		      "hmac-xxx,hmac-xxx,hmac-xxx,hmac-xxx,hmac-xxx server hmac-xxx,hmac-xxx,umac-xxx,hmac-"
		      "xxx,hmac-xxx,umac-xxx [preauth]"},
	{"115.249.163.77",
	 "Feb 12 04:09:21 localhost sshd[26713]: Disconnecting: Too many authentication failur"
	 "es for root [preauth]"},
	{"115.249.163.77",
	 "Feb 12 04:09:21 localhost sshd[26713]: Disconnecting: Too many authentication failur"
	 "es [preauth]"},
	{"127.0.0.1", "Nov 24 23:46:43 host sshd[32686]: fatal: Read from socket failed: Connection reset b"
		      "y peer [preauth]"},
	{"192.0.2.10", "Feb 17 17:40:18 sshd[19725]: error: kex_exchange_identification: Connection closed b"
		       "y remote host"},
	{"192.0.2.15", "Jun  7 04:10:35 host sshd[424228]: Connection closed by 192.0.2.15 port 35352"},
	{"192.0.2.16", "Jun  7 04:29:10 host sshd[649921]: error: kex_exchange_identification: read: Connect"
		       "ion reset by peer"},
	{"192.0.2.3", "Nov 26 15:03:31 host sshd[22440]: fatal: Unable to negotiate a key exchange method ["
		      "preauth]"},
	/*
	 * The same text stands in other rows with the other answer; what came before or after it in the
	 * session decides there.
	 */
	{"-", "Nov 28 09:16:05 srv sshd[32310]: Connection closed by 192.0.2.111 [preauth]"},
	{"192.0.2.114", "Mar  7 18:53:23 bar sshd[1558]: pam_unix(sshd:auth): authentication failure; logname"
			"= uid=0 euid=0 tty=ssh ruser=sudoer rhost=192.0.2.114"},
	{"192.0.2.114", "Mar  7 18:53:24 bar sshd[1558]: Accepted password for known from 192.0.2.114 port 52"
			"100 ssh2"},
	{"192.0.2.116", "Mar  7 18:53:34 bar sshd[1559]: Accepted password for known from 192.0.2.116 port 52"
			"100 ssh2"},
	{"-", "Mar 19 16:47:50 srv sshd[5672]: Disconnected from authenticating user admin 192.0.2."
	      "6 port 33553 [preauth]"},
	/*
	 * Twice in the corpus, as no attack and as one (fail2ban: normal and aggressive mode). mod_evasive
	 * says it of each further request of a busy browser; what counts is the one line in which it tells
	 * whom it blocks.
	 */
	{"192.0.2.1", "[Thu Oct 17 18:43:40.160521 2019] [evasive20:error] [pid 22589] [client 192.0.2.1:56"
		      "175] client denied by server configuration: /path/index.php, referer: https://hostna"
		      "me/path/"},
	/*
	 * A password failure has nothing after "ssh2" (auth.c, auth_log()): to sshd, the line would come
	 * from 10.10.1.2, and the text before it would be the name. Both are candidates, and neither is
	 * accused.
	 */
	{"127.0.0.1", "Nov 11 08:04:52 redbamboo sshd[2737]: Failed password for invalid user test from 127"
		      ".0.0.1 port 58946 ssh2: from 10.10.1.2 port 55555 ssh2"},
	/*
	 * nginx ends names at the first colon, so this could only come from 127.0.0.1, with the rest in its
	 * request. Taking the last address would let anybody name one in a Referer.
	 */
	{"192.0.2.2",
	 "2014/04/03 22:20:40 [error] 30708#0: *3 user \"test\": password mismatch, client: 127."
	 "0.0.1, server: test, request: \"GET / HTTP/1.1\", host: \"localhost:8443\"\": was not fou"
	 "nd in \"/etc/nginx/.htpasswd\", client: 192.0.2.2, server: , request: \"GET / HTTP/1.1\""
	 ", host: \"localhost:8443\""},
	/* The user column is of another row; the line says redmond. */
	{"192.0.2.2",
	 "<38>1 2019-07-08T17:40:17.954167-04:00 hostname.example.com sshd 55555 - [timeQualit"
	 "y tzKnown=\"1\" isSynced=\"0\"][xxx@123 test=\"[brackets]\"] Failed unknown for invalid us"
	 "er redmond from 192.0.2.2 port 55555 ssh2"},
};

#endif
