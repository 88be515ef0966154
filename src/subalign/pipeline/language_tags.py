"""Language tags (BCP 47) and the codes of three letters that video containers know (ISO 639-2)."""

import re
from pathlib import Path
from typing import Literal

from subalign.errors import UsageError

__all__ = ["guess_language", "iso_639_2"]

# Codes of two letters with their ISO 639-2 code; where there are two, bibliographic/terminological.
_CODES = """
aa:aar ab:abk ae:ave af:afr ak:aka am:amh an:arg ar:ara as:asm av:ava ay:aym az:aze ba:bak be:bel
bg:bul bh:bih bi:bis bm:bam bn:ben bo:tib/bod br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre
cs:cze/ces cu:chu cv:chv cy:wel/cym da:dan de:ger/deu dv:div dz:dzo ee:ewe el:gre/ell en:eng eo:epo
es:spa et:est eu:baq/eus fa:per/fas ff:ful fi:fin fj:fij fo:fao fr:fre/fra fy:fry ga:gle gd:gla
gl:glg gn:grn gu:guj gv:glv ha:hau he:heb hi:hin ho:hmo hr:hrv ht:hat hu:hun hy:arm/hye hz:her
ia:ina id:ind ie:ile ig:ibo ii:iii ik:ipk in:ind io:ido is:ice/isl it:ita iu:iku iw:heb ja:jpn
ji:yid jv:jav jw:jav ka:geo/kat kg:kon ki:kik kj:kua kk:kaz kl:kal km:khm kn:kan ko:kor kr:kau
ks:kas ku:kur kv:kom kw:cor ky:kir la:lat lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit lu:lub lv:lav
mg:mlg mh:mah mi:mao/mri mk:mac/mkd ml:mal mn:mon mo:rum/ron mr:mar ms:may/msa mt:mlt my:bur/mya
na:nau nb:nob nd:nde ne:nep ng:ndo nl:dut/nld nn:nno no:nor nr:nbl nv:nav ny:nya oc:oci oj:oji
om:orm or:ori os:oss pa:pan pi:pli pl:pol ps:pus pt:por qu:que rm:roh rn:run ro:rum/ron ru:rus
rw:kin sa:san sc:srd sd:snd se:sme sg:sag sh:srp si:sin sk:slo/slk sl:slv sm:smo sn:sna so:som
sq:alb/sqi sr:srp ss:ssw st:sot su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk
tl:fil tn:tsn to:ton tr:tur ts:tso tt:tat tw:twi ty:tah ug:uig uk:ukr ur:urd uz:uzb ve:ven vi:vie
vo:vol wa:wln wo:wol xh:xho yi:yid yo:yor za:zha zh:chi/zho zu:zul
"""
_BY_CODE = {pair[:2]: pair[3:].split("/") for pair in _CODES.split()}
_BY_CODE |= {code: codes for codes in _BY_CODE.values() for code in codes}

# language, script, region and variants
_TAG = re.compile(
    r"([a-z]{2,3})(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|\d{3}))?(?:[-_](?:[a-z\d]{5,8}|\d[a-z\d]{3}))*",
    re.IGNORECASE,
)


def guess_language(path: Path) -> str | None:
    """The language tag in a file's name, as in `talk.de.srt` and `talk.pt-BR.sdh.srt`."""
    for part in reversed(path.name.split(".")[1:-1][-2:]):
        tag = _TAG.fullmatch(part)
        if tag is not None and len(tag[1]) == 2 and tag[1].lower() in _BY_CODE:
            return part
    return None


def iso_639_2(tag: str, variant: Literal["B", "T"]) -> str:
    """The code of a tag's language, bibliographic ("B") or terminological ("T").

    Raises:
        UsageError: it is no tag, or its language is of two letters and unknown.
    """
    found = _TAG.fullmatch(tag)
    language = found[1].lower() if found else ""
    codes = _BY_CODE.get(language) or ([language] if len(language) == 3 else [])
    if not codes:
        raise UsageError(
            f"`language={tag!r}` is no language tag: give one such as de, eng or pt-BR."
        )
    return codes[0 if variant == "B" else -1]
