"""Which voices are trained on, and which only evaluated on."""

from dataclasses import dataclass

__all__ = [
    "ESPEAK_ACCENTS",
    "ESPEAK_HELD_OUT",
    "ESPEAK_TRAINED",
    "FESTIVAL_HELD_OUT",
    "FESTIVAL_TRAINED",
    "FLITE_HELD_OUT",
    "FLITE_TRAINED",
    "PICO_TRAINED",
    "EspeakVoice",
]


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """An accent with a variant, as in `gmw/en-US+f3`."""

    accent: str
    variant: str

    @property
    def name(self) -> str:
        """What eSpeak NG calls it."""
        return f"{self.accent}+{self.variant}"


ESPEAK_ACCENTS = (
    *("gmw/en-US", "gmw/en-US", "gmw/en-US", "gmw/en-US", "gmw/en", "gmw/en", "gmw/en-GB-x-rp"),
    *(
        "gmw/en-GB-scotland",
        "gmw/en-GB-x-gbclan",
        "gmw/en-GB-x-gbcwmd",
        "gmw/en-029",
        "gmw/en-US-nyc",
    ),
)

# whispering, croaking and robots are left out: they are further from people than noise is
ESPEAK_TRAINED = (
    *("f1", "f2", "f3", "f5", "m1", "m2", "m3", "m4", "m6", "m7", "klatt", "klatt2", "klatt3"),
    *("klatt5", "adam", "Alex", "Alicia", "Andy", "Annie", "antonio", "belinda", "benjamin"),
    *("boris", "caleb", "Denis", "Diogo", "ed", "edward", "Gene", "gustave", "Henrique", "Hugo"),
    *("iven", "iven2", "iven3", "Jacky", "john", "kaukovalta", "Lee", "linda", "Marcelo"),
    *("Mario", "Michael", "michel", "miguel", "mike", "pablo", "paul", "pedro", "quincy", "rob"),
    *("sandro", "shelby", "steph", "steph3", "travis", "victor", "zac", "norbert", "grandpa"),
)

ESPEAK_HELD_OUT = (
    "f4",
    "m5",
    "m8",
    "klatt4",
    "Andrea",
    "aunty",
    "david",
    "Marco",
    "robert",
    "anika",
)

FLITE_TRAINED = ("slt", "rms", "awb")
FLITE_HELD_OUT = ("kal16",)

FESTIVAL_TRAINED = ("cmu_us_slt_arctic_hts", "ked_diphone")
FESTIVAL_HELD_OUT = ("kal_diphone",)

PICO_TRAINED = ("en-US", "en-GB")
