"""Languages: by script, by English words, and only then by n-grams."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from nlp.judgements import language
from nlp.judgements.language import languages
from nlp.judgements.tongues import words
from nlp.text import plain

SCRIPTS = {
    "ja": ["これはなぜ動かないのか分かりません", "ありがとうございます", "Docker で起動できない"],
    "zh": ["我不明白为什么这个不工作", "我们使用 Kubernetes 和 Docker 部署", "谢谢"],
    "ko": ["왜 작동하지 않는지 모르겠어요", "감사합니다"],
    "ar": ["لا أفهم لماذا لا يعمل هذا"],
    "fa": ["نمی‌فهمم چرا این کار نمی‌کند"],
    "ur": ["مجھے سمجھ نہیں آ رہی کہ یہ کیوں کام نہیں کرتا"],
    "he": ["אני לא מבין למה זה לא עובד"],
    "el": ["Δεν καταλαβαίνω γιατί δεν λειτουργεί"],
    "th": ["ฉันไม่เข้าใจว่าทำไมมันไม่ทำงาน"],
    "hi": ["मुझे समझ नहीं आता कि यह काम क्यों नहीं करता"],
    "ru": ["спасибо!"],
    "uk": ["дякую, усім"],
}
ENGLISH = [
    "Thanks, that works!",
    "How do I install this on Windows?",
    "can you kill the process?",
    "The “curly” quotes don’t matter",
    "WHY IS THIS NOT WORKING",
    "The map is ℕ → ℝ, which is what you need",
    "It doesn't sync with `foo_bar(x)` since 4.8.0, why?",
    "I replaced it with f.map_add and self.x[0], but that doesn't look any better, does it?",
]
NO_PROSE = [
    "",
    "   ",
    "👍👍🎉",
    ":smile: :+1:",
    "12345 67 8.9",
    "https://example.com/the/and/that/which",
    "@alice @bob",
    "lol ok thx",
    "def foo(self, x): return self.x[0] + bar_baz(x) if x is not None else None",
    "SELECT name FROM users WHERE id = 3 AND kind = 'x' AND role = 'y';",
    "for (let i = 0; i < n; i++) { if (a[i] === null) { continue; } }",
    "import numpy as np\nx = np.zeros(3)\nif x.any() and not x.all():\n    print(x)",
    "theorem foo (a b : ℕ) (h : a = b) : b = a := by exact h.symm",
    "```\nthe quick brown fox and the dog\n```",
    "α β γ → δ",
]
# None of these may be taken for English at a glance.
OTHERS = {
    "de": [
        "Kann mir jemand sagen, wie ich das unter Windows installiere?",
        "Will er das so, oder?",
    ],
    "nl": [
        "Was het in de winter of in de zomer?",
        "We had een probleem met de update van gisteren",
    ],
    "fr": ["Je ne comprends pas pourquoi la synchronisation est si lente"],
    "es": ["No puedo iniciar sesión desde la última actualización"],
    "pt": ["Não consigo abrir o aplicativo depois da atualização"],
    "it": ["Non riesco a capire come funziona questa cosa"],
    "sv": ["Jag förstår inte varför det inte fungerar"],
    "da": ["Jeg kan ikke finde ud af hvordan man gør", "Mange tak for den fine box"],
    "nb": ["Jeg skjønner ikke hvorfor dette ikke fungerer"],
    "fi": ["En ymmärrä miksi tämä ei toimi"],
    "pl": ["Nie wiem dlaczego to nie działa", "To by my do was"],
    "cs": ["Děkuji za pomoc, už to jde v pořádku"],
    "hu": ["Nem értem, miért nem működik most a program"],
    "ro": ["Nu înțeleg de ce nu funcționează aplicația", "Cine are o idee cum se poate repara?"],
    "tr": ["Bunun neden çalışmadığını anlamıyorum"],
    "id": ["Saya tidak mengerti kenapa ini tidak berfungsi"],
    "vi": ["Tôi không hiểu tại sao nó không hoạt động"],
    "ru": ["Я не понимаю, почему это не работает"],
    "uk": ["Я не розумію, чому це не працює"],
    "bg": ["Не разбирам защо това не работи"],
    "af": ["My pen was in my hand en die water is warm", "ons was by die see en die son was warm"],
    "sco": ["Ah dinnae ken whit ye're oan aboot", "He wis gaun tae the shop but it wisnae open"],
}


class Refusing:
    """Fails a test that needs n-grams where it should not."""

    def compute_language_confidence_values(self, text: str) -> None:
        raise AssertionError(f"n-grams are asked about {text!r}")


@pytest.fixture
def glance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing meet the n-grams."""
    monkeypatch.setattr(language, "_detector", Refusing)


@pytest.mark.usefixtures("glance")
@pytest.mark.parametrize(("code", "texts"), SCRIPTS.items())
def test_a_script_shows_its_language(code: str, texts: list[str]) -> None:
    found = languages(texts)
    assert [each for each, _ in found] == [code] * len(texts)
    assert all(0.5 < confidence <= 1 for _, confidence in found)


@pytest.mark.usefixtures("glance")
def test_the_confidence_of_a_script_is_its_share_of_the_letters() -> None:
    # Eight Han characters count three each, beside 16 Latin letters.
    assert languages(["我们使用 Kubernetes 和 Docker 部署"]) == [("zh", 18 / (18 + 16))]


@pytest.mark.usefixtures("glance")
@pytest.mark.parametrize("text", ENGLISH)
def test_plain_english_is_seen_at_a_glance(text: str) -> None:
    assert languages([text]) == [("en", 1.0)]


@pytest.mark.usefixtures("glance")
@pytest.mark.parametrize("text", NO_PROSE)
def test_what_is_no_prose_has_no_language(text: str) -> None:
    assert languages([text]) == [("und", 0.0)]


@pytest.mark.parametrize("code", OTHERS)
def test_no_other_language_passes_for_english_at_a_glance(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "_by_ngrams", lambda prose, prior: ("ngrams", 0.9))
    for text in OTHERS[code]:
        assert languages([text])[0][0] in {"ngrams", "und"}, text


@pytest.mark.usefixtures("glance")
def test_a_foreign_quote_leaves_an_english_post_english() -> None:
    text = (
        "They said that 'das geht so nicht', but I think this is how it should work for everyone."
    )
    ((code, confidence),) = languages([text])
    assert code == "en"
    assert 0.7 < confidence < 1


def test_the_lists_of_english_and_of_other_languages_share_no_word() -> None:
    lists = words()
    assert not lists["foreign"] & (lists["english"] | lists["shared"])
    assert not lists["english"] & lists["shared"]
    assert 100 <= len(lists["english"]) <= 200


@pytest.mark.slow
@pytest.mark.parametrize("code", [code for code in OTHERS if code not in {"af", "sco"}])
def test_ngrams_tell_the_other_languages_apart(code: str) -> None:
    ((found, confidence),) = languages([OTHERS[code][0]])
    assert (found, confidence > language.LEAST_CONFIDENCE) in {(code, True), ("und", False)}
    if code != "nl":
        assert found == code


@pytest.mark.slow
def test_short_english_without_function_words_is_english_by_its_prior() -> None:
    assert languages(["Original problem fixed in master"])[0][0] == "en"


@pytest.mark.slow
def test_the_order_is_kept_and_a_text_does_not_depend_on_the_others() -> None:
    texts = [text for own in OTHERS.values() for text in own] + ENGLISH + NO_PROSE
    assert languages(texts) == [languages([text])[0] for text in texts]


def test_a_long_text_without_spaces_is_read_in_no_time() -> None:
    texts = ["a" * 262_144, "@" * 262_144, "http" * 60_000, "a." * 100_000, "`" * 262_144]
    assert len(languages(texts)) == 5


def test_neither_the_import_nor_plain_english_loads_the_models() -> None:
    code = (
        "import sys; from nlp.judgements.language import languages; "
        "assert languages(['Thanks, that works!'])[0][0] == 'en'; "
        "assert 'lingua' not in sys.modules"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


@pytest.mark.shared
@pytest.mark.slow
def test_real_english_chat_is_english_or_too_short_to_say(shared_data: Path) -> None:
    with gzip.open(shared_data / "lean_zulip" / "messages.jsonl.gz") as lines:
        posts = [plain(json.loads(line)["text"]).text for line in islice(lines, 1_000)]
    codes = [code for code, _ in languages(posts)]
    assert set(codes) <= {"en", "und", "zh"}
    assert codes.count("en") > 0.87 * len(codes)
