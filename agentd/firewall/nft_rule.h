/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_NFT_RULE_H
#define SIPWARDEN_FIREWALL_NFT_RULE_H

#include "firewall/nft_private.h"

/*
 * What rules are made of, as "nft --debug=netlink" shows them: each adds an
 * expression to a rule; what is loaded goes into one register. No memory is told
 * by n->error.
 */
struct nftnl_rule;
struct nftnl_expr;

/* In the chain; NULL: no memory. */
struct nftnl_rule *nft_rule_new(struct nft *n, const char *chain);
/* To the end of its chain. Takes over r. */
void nft_rule_put(struct nft *n, struct nftnl_rule *r);
/* No rules in the chain; NULL: in none. */
void nft_put_flush(struct nft *n, const char *chain);

struct nftnl_expr *nft_rule_expr(struct nft *n, struct nftnl_rule *r, const char *name);
/* NFT_META_… into the register */
void nft_rule_meta(struct nft *n, struct nftnl_rule *r, uint32_t what);
void nft_rule_payload_into(struct nft *n, struct nftnl_rule *r, uint32_t reg, uint32_t base, size_t offset, uint32_t len);
void nft_rule_payload(struct nft *n, struct nftnl_rule *r, uint32_t base, size_t offset, uint32_t len);
/* What is in the register, and the mask, of up to 16 bytes. */
void nft_rule_mask(struct nft *n, struct nftnl_rule *r, const void *mask, uint32_t len);
/* What is in the register, by NFT_CMP_… with the data? */
void nft_rule_compare(struct nft *n, struct nftnl_rule *r, uint32_t op, const void *data, uint32_t len);
/* What is in the register, in the set? */
void nft_rule_match(struct nft *n, struct nftnl_rule *r, enum nft_set set);
/* Source, or destination, if of the set's family: as the set has them, so the network of 64 bits of some. */
void nft_rule_address(struct nft *n, struct nftnl_rule *r, enum nft_set set, bool destination);

/* update @set { … timeout span }: the rule ends here if there is no room. */
void nft_rule_note(struct nft *n, struct nftnl_rule *r, enum nft_set set, usec_t span);
/* The same, and its end is not put off by what comes later. */
void nft_rule_note_once(struct nft *n, struct nftnl_rule *r, enum nft_set set, usec_t span);
/* As nft_rule_note(), with a counter of each element. */
void nft_rule_note_count(struct nft *n, struct nftnl_rule *r, enum nft_set set, usec_t span);
/* Has this source sent more than the rate? If there is no room to count it: no. */
void nft_rule_source_over(struct nft *n, struct nftnl_rule *r, enum nft_set set, const struct config_rate *rate);
/* Is all that comes here within the rate? */
void nft_rule_within(struct nft *n, struct nftnl_rule *r, const struct config_rate *rate);
/* A copy of the packet to a group of NFLOG: of so many bytes (0: of all); with a mark, or NULL. */
void nft_rule_copy(struct nft *n, struct nftnl_rule *r, uint16_t group, uint32_t len, const char *mark);
/* Is the IPv6 packet a fragment? Those over IPv4 are put together before they come in. */
void nft_rule_fragment6(struct nft *n, struct nftnl_rule *r);
/* Into a counter of the table. */
void nft_rule_count(struct nft *n, struct nftnl_rule *r, const char *counter);
/* NF_ACCEPT, NF_DROP, NFT_RETURN, or NFT_JUMP and NFT_GOTO with a chain */
void nft_rule_verdict(struct nft *n, struct nftnl_rule *r, int verdict, const char *chain);

#endif
