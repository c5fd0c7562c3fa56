#!/usr/bin/python3
"""What sipwarden reads from dialled numbers, beside libphonenumber's opinion (python3-phonenumbers).

Numbers of all countries and kinds, as many as that library calls valid among random ones of each beginning. The
countries must agree, and the kinds where both have an opinion; where they do not, the reason stands below.
"""
import collections
import functools
import json
import random
import subprocess

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType as T

from sipwarden_env import BUILD, Agent, run

KINDS = {
    T.FIXED_LINE: "ordinary", T.MOBILE: "ordinary", T.FIXED_LINE_OR_MOBILE: "ordinary", T.TOLL_FREE: "freephone",
    T.PREMIUM_RATE: "premium", T.SHARED_COST: "shared-cost", T.PERSONAL_NUMBER: "personal",
}  # of others it says nothing about the cost: voice over IP, pagers, universal access, voice mail

# (calling code, libphonenumber's kind, ours)
KINDS_THAT_DIFFER = {
    ("870", "ordinary", "satellite"): "it calls Inmarsat mobile",
    ("881", "ordinary", "satellite"): "it calls satellite phones mobile",
    ("882", "ordinary", "satellite"): "likewise Thuraya and EMSAT",
    ("882", "ordinary", "global"): "it calls networks of no country mobile",
    ("44", "premium", "shared-cost"): "084 and 087: service numbers of at most 20 pence a minute (Ofcom)",
    ("1", "ordinary", "premium"): "976 behind an area code: pay-per-call exchanges (NANPA)",
    ("86", "shared-cost", "ordinary"): "95xxx and 96xxx behind an area code, short numbers of companies",
    ("86", "premium", "ordinary"): "160 and 168 were taken for mobile numbers since",
    ("64", "premium", "ordinary"): "0110, one old range",
    ("64", "freephone", "premium"): "508 8, of which parts are either",
    ("55", "shared-cost", "premium"): "300 has both, by length",
    ("55", "shared-cost", "ordinary"): "4370, one exchange of Londrina's area code",
    ("84", "freephone", "ordinary"): "120x, short ranges",
    ("36", "freephone", "ordinary"): "680, short ranges",
    ("91", "freephone", "ordinary"): "1600 and 1803, short ranges",
    ("678", "freephone", "ordinary"): "five-digit numbers in the mobile range 81",
    ("7", "freephone", "ordinary"): "numbers of 8108, which are dialled from abroad only",
    ("376", "premium", "freephone"): "180 has both, by length",
    ("593", "freephone", "shared-cost"): "1700",
    ("39", "premium", "ordinary"): "00878, a premium range with an odd zero",
}

# Territories that have a larger one's code: libphonenumber knows single blocks, we know ranges.
COUNTRIES_THAT_DIFFER = {
    ("GB", "GG"), ("GB", "IM"), ("GB", "JE"),  # mobile ranges of the islands, of which blocks are British
    ("GG", "GB"),                              # 098, which Ofcom lists for the whole of +44
    ("MF", "GP"), ("BL", "GP"),                # +590, where only single numbers tell the islands apart
    ("NF", "AQ"),                              # +672 1 is Antarctica's (ITU), +672 3 Norfolk Island's
}


def numbers(dialled, *options):
    """What the command says of each, in order."""
    text = subprocess.run([f"{BUILD}/sipwarden", "number", "--json", *options, "-"], input="\n".join(dialled) + "\n",
                          text=True, stdout=subprocess.PIPE, check=False).stdout
    answers = [json.loads(line) for line in text.splitlines()]
    assert [a["dialled"] for a in answers] == list(dialled)
    return answers


def metadata(code, region):
    return PhoneMetadata.metadata_for_nongeo_region(code) if region == "001" else PhoneMetadata.metadata_for_region(region)


@functools.lru_cache(maxsize=1)
def valid_numbers():
    """Of each calling code and length, random ones with each three digits at the beginning."""
    rng = random.Random(4711)
    found = []
    for code, regions in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        for length in metadata(code, regions[0]).general_desc.possible_length:
            for lead in range(1000):
                national = (f"{lead:03d}" + "".join(rng.choice("0123456789") for _ in range(length)))[:length]
                number = phonenumbers.PhoneNumber(country_code=code, national_number=int(national))
                if national[0] == "0":
                    number.italian_leading_zero = True
                kind = phonenumbers.number_type(number)
                if kind != T.UNKNOWN:
                    found.append((f"+{code}{national}", phonenumbers.region_code_for_number(number), kind))
    return found


@functools.lru_cache(maxsize=1)
def answers_to_valid():
    return numbers([e164 for e164, _, _ in valid_numbers()], "--country", "DE")


def test_country_is_what_libphonenumber_says():
    asked = valid_numbers()
    assert len(asked) > 50000 and len({region for _, region, _ in asked}) > 200, len(asked)
    wrong = collections.Counter()
    for (e164, region, _), answer in zip(asked, answers_to_valid()):
        ours = answer["country"] or "001"
        if ours != region and (region, ours) not in COUNTRIES_THAT_DIFFER:
            wrong[e164, region, ours] += 1
    assert not wrong, list(wrong)[:20]


def test_kind_is_what_libphonenumber_says():
    compared, wrong = collections.Counter(), set()
    for (e164, _, kind), answer in zip(valid_numbers(), answers_to_valid()):
        if kind not in KINDS:
            continue
        compared[KINDS[kind]] += 1
        differ = (answer["code"], KINDS[kind], answer["kind"])
        if differ[1] != differ[2] and differ not in KINDS_THAT_DIFFER:
            wrong.add((e164, *differ))
    assert not wrong, (len(wrong), sorted(wrong)[:20])
    assert compared["premium"] > 1000 and compared["shared-cost"] > 300 and compared["freephone"] > 1000, compared


SPELLED_OTHERWISE = {
    "AR": "15 within a mobile number, which only its own tables can take out",
    "LT": "8 as trunk prefix, which became 0",
}


def test_national_spellings_lead_to_the_same_number():
    """An example of each country and kind, as libphonenumber writes it for a caller in that country and in another."""
    wrong = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        spelled = {}
        for kind in (T.FIXED_LINE, T.MOBILE):
            example = phonenumbers.example_number_for_type(region, kind)
            # As short as an extension; and what is the country of only a part of a shared code.
            if example is None or len(str(example.national_number)) < 7 or region in ("TA", "SH", "CV"):
                continue
            spelled[phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)] = example
        if not spelled:
            continue
        for example, answer in zip(spelled.values(), numbers(list(spelled), "--country", region)):
            wanted = phonenumbers.format_number(example, PhoneNumberFormat.E164)
            if answer["e164"] != wanted and region not in SPELLED_OTHERWISE:
                wrong.append((region, wanted, answer["dialled"], answer["e164"]))
    assert not wrong, wrong


def test_international_prefix_of_each_country():
    wrong = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        target = phonenumbers.parse("+442079460000")
        dialled = phonenumbers.format_out_of_country_calling_number(target, region)
        if PhoneMetadata.metadata_for_region(region).country_code == 44 or not dialled[0].isdigit():
            continue
        answer, = numbers([dialled], "--country", region)
        if answer["e164"] != "+442079460000" or answer["country"] != "GB":
            wrong.append((region, dialled, answer["e164"]))
    assert not wrong, wrong


# What those put before a number who look for a way out of a PBX. 011 and 0900 are beginnings of honest numbers in some
# countries, which are then what is read.
JUNK = ("+", "00", "0000", "00000", "900", "9011", "9900", "99900", "1900", "+00")


def test_prefixes_of_elsewhere_hide_no_country():
    rng = random.Random(1)
    asked = [x for x in valid_numbers() if x[2] in (T.FIXED_LINE, T.MOBILE, T.FIXED_LINE_OR_MOBILE) and len(x[0]) >= 10]
    chosen = rng.sample(asked, 150)
    for site in ("DE", "US", "GB", "FR", "IT", "ES", "AT", "CH", "PL", "AU", "IN", "ZA", "MX", "RU", "JP", "DK", "TR"):
        wanted = {junk + e164[1:]: region for e164, region, _ in chosen if region != site for junk in JUNK}
        wrong = [(a["dialled"], region, a["country"]) for (_, region), a in
                 zip(wanted.items(), numbers(list(wanted), "--country", site))
                 if (a["country"] or "001") != region and (region, a["country"]) not in COUNTRIES_THAT_DIFFER]
        assert not wrong, (site, wrong)


def test_site_of_the_config_is_taken():
    agent = Agent("[input asterisk]\npath = /none\n[site]\ncountry = DE\noutside = 0\narea = 30\nextensions = 3\n")
    try:
        said = agent.ctl("number", "0030123456", "00014185550100", "012345678", "123", "--json")[1]
        answers = [json.loads(line) for line in said.splitlines()]
        assert [a["e164"] for a in answers] == ["+4930123456", "+14185550100", "+493012345678", None], answers
        assert answers[3]["kind"] == "internal", answers
    finally:
        agent.close()


def test_without_a_country_only_international_numbers_are_understood_and_it_says_so():
    agent = Agent("[input asterisk]\npath = /none\n")
    try:
        status, said, hint = agent.ctl("number", "030123456", "004930123456", check=False)
        assert status == 3 and "+4930123456" in said and "no country in [site]" in hint, (status, said, hint)
        assert "country" not in agent.ctl("number", "--country", "DE", "030123456")[2]
    finally:
        agent.close()


def test_what_is_no_number_is_told():
    done = subprocess.run([f"{BUILD}/sipwarden", "number", "--country", "DE", "alice\x1b[31m", "030123456"], text=True,
                          stdout=subprocess.PIPE, check=False)
    assert done.returncode == 3 and "\x1b" not in done.stdout and "unknown" in done.stdout and "+4930123456" in done.stdout
    for wrong in (["--country", "XX", "1"], [], ["--country"], ["--what", "1"], ["--outside", "x", "--country", "DE", "1"]):
        assert subprocess.run([f"{BUILD}/sipwarden", "number", *wrong], stderr=subprocess.DEVNULL,
                              check=False).returncode == 2, wrong


run(globals())
