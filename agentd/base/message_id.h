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

#endif
