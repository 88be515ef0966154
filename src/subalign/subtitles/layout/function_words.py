"""Words that lean on the next one, by language: no line should end with them.

`articles` (and other determiners) belong to what follows most closely. `links`, prepositions and
conjunctions, also open a phrase, so a line may well begin with them. `leads`, pronouns and
auxiliaries, belong to what follows more loosely. `abbreviations` end with a full stop that ends no
sentence, and mostly stand before a name or a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["FUNCTION_WORDS", "FunctionWords"]


@dataclass(frozen=True, slots=True)
class FunctionWords:
    """The function words of a language, in lower case; abbreviations with their full stop."""

    articles: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    abbreviations: frozenset[str] = frozenset()


def _words(*, articles: str, links: str, leads: str, abbreviations: str) -> FunctionWords:
    return FunctionWords(
        *(frozenset(text.split()) for text in (articles, links, leads, abbreviations))
    )


_ENGLISH = _words(
    articles="""a an the this that these those my your his her its our their every each some any no
        all both another such what which whose very too so quite more most less not""",
    links="""of in on at by for with from to into onto upon about over under between through during
        before after against among within without toward towards across behind beside besides beyond
        near since until till than as like per via off up down out around and or but nor yet if
        because although though while when where whether unless that who whom which once""",
    leads="""i you he she it we they who there is am are was were be been being do does did have has
        had will would shall should can could may might must i'm you're he's she's it's we're
        they're i've you've we've they've i'll you'll he'll she'll it'll we'll they'll i'd you'd
        he'd she'd we'd they'd don't doesn't didn't can't couldn't won't wouldn't isn't aren't
        wasn't weren't let's going""",
    abbreviations="""mr. mrs. ms. dr. prof. st. mt. rev. hon. gen. col. lt. sgt. capt. gov. sen.
        rep. pres. no. nos. vol. fig. vs. approx. dept. e.g. i.e. cf. jr. sr.""",
)
_GERMAN = _words(
    articles="""der die das den dem des ein eine einen einem einer eines kein keine keinen keinem
        keiner dieser diese dieses diesen diesem jeder jede jedes jeden jedem mein meine meinen
        meinem meiner dein deine deinen sein seine seinen seinem seiner ihr ihre ihren ihrem ihrer
        unser unsere unseren eure euer welche welcher welches alle beide sehr ganz zu so nicht""",
    links="""in im ins an am ans auf aus bei beim bis durch für gegen hinter mit nach neben ohne
        über um unter von vom vor während wegen trotz zum zur zwischen seit ab und oder aber denn
        sondern doch weil dass daß ob wenn als wie während obwohl nachdem bevor damit sobald
        falls sowie""",
    leads="""ich du er sie es wir man wer bin bist ist sind seid war waren wird werden wurde wurden
        hat haben hatte hatten habe hast kann können konnte muss müssen soll sollen will wollen darf
        dürfen mag möchte würde würden sich""",
    abbreviations="""dr. prof. hr. fr. st. nr. bzw. ca. z. b. d. h. u. a. usw. vgl. evtl. ggf. inkl.
        abs. art. str. bd. s. jh. geb. dipl. ing.""",
)
_FRENCH = _words(
    articles="""le la les un une des du au aux ce cet cette ces mon ma mes ton ta tes son sa ses
        notre nos votre vos leur leurs quel quelle quels quelles chaque plusieurs quelques aucun
        aucune tout toute tous toutes très trop si plus moins ne""",
    links="""à de en dans sur sous par pour avec sans chez vers entre contre depuis pendant avant
        après dès devant derrière malgré parmi selon et ou mais donc or ni car que qui dont où quand
        lorsque comme puisque parce si quoique tandis afin jusque jusqu'à""",
    leads="""je tu il elle on nous vous ils elles me te se y en est sont suis es sommes êtes était
        étaient a ai as avons avez ont avait avaient sera seront peut peuvent doit doivent va vont
        vais fait c'est n'est j'ai n'a qu'il qu'elle qu'on s'est l'a""",
    abbreviations="m. mm. mme. mlle. dr. pr. st. ste. no. p. ex. cf. env. av. bd. etc.",
)
_SPANISH = _words(
    articles="""el la los las un una unos unas lo este esta estos estas ese esa esos esas aquel
        aquella mi mis tu tus su sus nuestro nuestra nuestros nuestras cada algún alguna algunos
        algunas ningún ninguna todo toda todos todas muy más menos tan no""",
    links="""a al de del en con por para sin sobre entre hasta desde hacia contra según durante tras
        ante bajo mediante y e o u ni pero sino aunque porque que quien quienes cual cuando donde
        como si mientras pues""",
    leads="""yo tú él ella usted nosotros ellos ellas ustedes me te se nos os le les es son soy eres
        somos era eran fue fueron está están estoy estaba ha han he hemos había hay será puede
        pueden debe deben va van voy""",
    abbreviations="sr. sra. srta. dr. dra. d. dña. prof. núm. pág. p. ej. ud. uds. av. sto. sta.",
)
_ITALIAN = _words(
    articles="""il lo la i gli le un uno una questo questa questi queste quel quello quella quei
        quegli quelle mio mia miei mie tuo tua tuoi tue suo sua suoi sue nostro nostra nostri nostre
        vostro vostra loro ogni qualche alcuni alcune nessun nessuna tutto tutta tutti tutte molto
        più meno così non""",
    links="""a ad al allo alla ai agli alle di del dello della dei degli delle da dal dallo dalla
        dai dagli dalle in nel nello nella nei negli nelle con su sul sullo sulla sui sugli sulle
        per tra fra senza sopra sotto verso contro dopo prima durante e ed o od ma però che chi
        cui se quando dove come perché mentre né anche""",
    leads="""io tu lui lei noi voi mi ti si ci vi ne è sono sei siamo siete era erano fu ha hanno ho
        hai abbiamo avete aveva sarà può possono deve devono va vanno sta stanno c'è""",
    abbreviations="""sig. sig.ra dott. dott.ssa dr. prof. prof.ssa ing. avv. on. n. p. es. ecc. s.
        pag.""",
)
_PORTUGUESE = _words(
    articles="""o a os as um uma uns umas este esta estes estas esse essa esses essas aquele aquela
        meu minha meus minhas teu tua seu sua seus suas nosso nossa nossos nossas cada algum alguma
        alguns algumas nenhum nenhuma todo toda todos todas muito mais menos tão não""",
    links="""à ao aos às de do da dos das em no na nos nas num numa com por pelo pela pelos pelas
        para pra sem sobre entre até desde contra segundo durante após ante sob e ou nem mas porém
        que quem cujo cuja quando onde como se porque embora enquanto pois""",
    leads="""eu tu ele ela você nós eles elas vocês me te se lhe é são sou somos era eram foi foram
        está estão estou estava tem têm tenho tinha há será pode podem deve devem vai vão vou""",
    abbreviations="sr. sra. dr. dra. d. prof. profa. n. nº. pág. p. ex. av. exmo. st.",
)
_DUTCH = _words(
    articles="""de het een deze dit die dat mijn jouw je zijn haar ons onze jullie hun uw elke elk
        ieder iedere geen alle beide welke welk zo'n heel erg zeer te zo niet""",
    links="""in op aan bij door voor met na naar naast zonder over om onder uit van tegen tussen
        tijdens sinds tot vanaf volgens wegens en of maar want omdat dat als wanneer toen terwijl
        hoewel zodat nadat voordat tenzij indien dan""",
    leads="""ik jij hij zij ze wij we men er ben bent is was waren wordt worden werd werden heb hebt
        heeft hebben had hadden kan kunnen kon moet moeten zal zullen zou zouden wil willen mag
        mogen gaat gaan zich 't""",
    abbreviations="dhr. mevr. mw. dr. drs. prof. ir. mr. st. nr. blz. bijv. d.w.z. enz. ca. o.a.",
)

FUNCTION_WORDS: Mapping[str, FunctionWords] = MappingProxyType(
    {
        "en": _ENGLISH,
        "de": _GERMAN,
        "fr": _FRENCH,
        "es": _SPANISH,
        "it": _ITALIAN,
        "pt": _PORTUGUESE,
        "nl": _DUTCH,
    }
)
