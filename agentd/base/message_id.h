/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_MESSAGE_ID_H
#define SIPWARDEN_BASE_MESSAGE_ID_H

/*
 * MESSAGE_ID of our structured journal entries (systemd.journal-fields(7)), so
 * that they can be found whatever their wording: journalctl MESSAGE_ID=…
 * sipwardend(8) lists them with their fields.
 */
#define MESSAGE_BAN "3fde3e70ed7646b490cb2facc7ad3edf"
#define MESSAGE_LIFT "192dd1b4e5334c1f91d773afe0edc293"
#define MESSAGE_RESTORED "b32614c41be24af9a63130f0eb26f68b"
#define MESSAGE_PAUSED "90ca9a8db12c4c6cb8d32feb96594b2e"
#define MESSAGE_RESUMED "2fe12aa6723a44489a442c8e9071fc73"
#define MESSAGE_AUDIT "802a7831744d4ef9bdcaa52ee4c333eb"
#define MESSAGE_AUDIT_FINDING "9348c6f1590f4b8e961d173fa98eb2ff"
#define MESSAGE_SIP_ON "5d0622c9ae2545ff821ab666a0ef4247"
#define MESSAGE_SIP_OFF "b093053bc703465e9382feaa8150cc79"

/* Alerts; alert_name() is their SIPWARDEN_ALERT. */
#define MESSAGE_STALE_ACCOUNT "dcc6ccf240254023b7c589f5c6108f58"
#define MESSAGE_FRIEND_ATTACKS "386fdd1ae41a4f918d189d8efa63d814"
#define MESSAGE_ACCOUNT_ATTACK "8f3c3664dce541b5a75b0df7b12eac89"
#define MESSAGE_FORGERY "ce5c1c36a29945cba8a01adb418cb3a9"
#define MESSAGE_CEILING "377e4f46dbc14f6faa561e93f79cdd2f"
#define MESSAGE_FRIENDS_SHARE "295c1bcea9ec4ae492c4e1fa4487a909"
#define MESSAGE_FRAUD_WARNING "8ca1f1ef95a9484e84e7f5d811a850b8"
#define MESSAGE_FRAUD "ccdb455ca27d477b89aa179f940d922e"

#endif
