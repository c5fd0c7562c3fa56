/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_secret.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

/* A password of SIP can be guessed offline from one answer that was overheard (RFC 3261 22.4, MD5). */
#define SHORT 8
#define DIGITS_SHORT 12

static const struct audit_check weak = {
	"weak-password", AUDIT_CRITICAL,
	"Scanners try numbers, names and the passwords of samples and lists first; whoever gets in calls the "
	"world at your expense.",
	NULL};
static const struct audit_check brief = {
	"short-password", AUDIT_WARNING,
	"One overheard answer of a phone is enough to try all short passwords elsewhere, unseen by any log "
	"(digest authentication is MD5, RFC 3261 22.4).",
	NULL};
static const struct audit_check pin = {
	"weak-pin", AUDIT_WARNING,
	"Voicemail boxes with guessable PINs are called and tried; some let the caller dial out or back.",
	NULL};

/*
 * From the samples of Asterisk, FreeSWITCH and Kamailio, the
 * usual manager and FreePBX defaults, and the shortest lists of guessing tools
 * (danielmiessler/SecLists).
 */
static const char *const known[] = {
	"000000",
	"0000",
	"00000000",
	"1111",
	"111111",
	"11111111",
	"112233",
	"121212",
	"123",
	"123123",
	"123123123",
	"1234",
	"12341234",
	"12345",
	"123456",
	"1234567",
	"12345678",
	"123456789",
	"1234567890",
	"123456a",
	"1234abcd",
	"123abc",
	"123qwe",
	"1q2w3e",
	"1q2w3e4r",
	"1q2w3e4r5t",
	"1qaz2wsx",
	"222222",
	"333333",
	"444444",
	"4321",
	"54321",
	"555555",
	"654321",
	"666666",
	"7000",
	"777777",
	"7777777",
	"87654321",
	"88888888",
	"888888",
	"987654321",
	"999999",
	"a123456",
	"aa123456",
	"abc123",
	"abcd1234",
	"access",
	"admin",
	"admin1",
	"admin12",
	"admin123",
	"admin1234",
	"administrator",
	"alcatel",
	"amp109",
	"amp111",
	"asdfgh",
	"asterisk",
	"avaya",
	"azerty",
	"changeit",
	"changeme",
	"changethis",
	"cisco",
	"cisco123",
	"cluecon",
	"default",
	"demo",
	"dragon",
	"elastix",
	"elastix.2oo7",
	"elastix.asteriskuser.2oo7",
	"extension",
	"fanvil",
	"football",
	"freepbx",
	"freeswitch",
	"grandstream",
	"guest",
	"heslo",
	"iloveyou",
	"issabel",
	"kamailio",
	"kamailioro",
	"kamailiorw",
	"letmein",
	"login",
	"manager",
	"master",
	"monkey",
	"mypassword",
	"mysecret",
	"none",
	"office",
	"opensips",
	"opensipsrw",
	"p@ssw0rd",
	"p@ssword",
	"pass",
	"pass123",
	"pass1234",
	"passw0rd",
	"password",
	"password1",
	"password123",
	"password1234",
	"pbx",
	"phone",
	"polycom",
	"princess",
	"public",
	"q1w2e3r4",
	"qazwsx",
	"qwe123",
	"qwerty",
	"qwerty123",
	"qwertyuiop",
	"root",
	"sample",
	"secret",
	"secret123",
	"secretpass",
	"server",
	"sip",
	"sip123",
	"sipsip",
	"snom",
	"sunshine",
	"supersecret",
	"support",
	"system",
	"telefon",
	"telephone",
	"temp",
	"test",
	"test1",
	"test123",
	"test1234",
	"tester",
	"testing",
	"toor",
	"trustno1",
	"user",
	"user123",
	"voip",
	"voip123",
	"voipvoip",
	"welcome",
	"welcome1",
	"works",
	"yealink",
	"zaq12wsx",
};

static bool is_known(const char *secret)
{
	size_t i;

	for (i = 0; i < ELEMENTSOF(known); i++)
		if (strcasecmp(secret, known[i]) == 0)
			return true;
	return false;
}

/* "4444", "234567", "987": each character as far from the one before as the first two. */
static bool is_run(const char *secret)
{
	int step = secret[0] && secret[1] ? secret[1] - secret[0] : 2;
	size_t i;

	for (i = 1; secret[i]; i++)
		if (secret[i] - secret[i - 1] != step)
			return false;
	return step >= -1 && step <= 1;
}

static bool is_digits(const char *secret)
{
	return secret[strspn(secret, "0123456789")] == '\0';
}

/* Its name, backwards, twice, or with a bit behind it. */
static bool is_account(const char *secret, const char *account)
{
	size_t n = strlen(account), len = strlen(secret), i;

	if (n == 0 || len < n)
		return false;
	if (strncasecmp(secret, account, n) == 0)
		return len <= n + 4 || (len == 2 * n && strcasecmp(secret + n, account) == 0);
	for (i = 0; i < n; i++)
		if (tolower((unsigned char)secret[i]) != tolower((unsigned char)account[n - 1 - i]))
			return false;
	return len == n;
}

static const char *weakness(const char *secret, const char *account)
{
	if (!*secret)
		return "is empty";
	if (is_account(secret, account))
		return strcasecmp(secret, account) == 0 ? "is its own name or number"
							: "is made of its own name or number";
	if (is_known(secret))
		return "is one that everybody tries: a default, or of the usual lists";
	return is_run(secret) ? "is a run of equal or neighbouring characters" : NULL;
}

static char *change_to(const char *key)
{
	return text_printf("%s: a new one for each account, as by: openssl rand -base64 24", key);
}

void audit_secret(struct audit *a, struct audit_place at, const char *subject, const char *account,
		  const char *key, const char *secret)
{
	_cleanup_free_ char *change = change_to(key);
	const char *why = weakness(secret, account);
	size_t n = strlen(secret);

	if (!change)
		a->memory = true;
	else if (why)
		audit_find(a, &weak, at, subject, change, "the password of '%s' %s", account, why);
	else if (n < SHORT || (n < DIGITS_SHORT && is_digits(secret)))
		audit_find(a, &brief, at, subject, change, "the password of '%s' is short%s", account,
			   n < SHORT ? "" : ", and of digits only");
}

void audit_pin(struct audit *a, struct audit_place at, const char *subject, const char *account,
	       const char *key, const char *secret)
{
	const char *why = weakness(secret, account);
	_cleanup_free_ char *change = text_printf("%s: six digits or more that nobody can guess", key);

	if (!change)
		a->memory = true;
	else if (why)
		audit_find(a, &pin, at, subject, change, "the voicemail PIN of '%s' %s", account, why);
}
