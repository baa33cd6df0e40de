"""What questions are about."""

import random

from demo.catalogue import TOPICS
from quality.topics import LABEL_FIXED, MOST_PAIRS, MOST_STEMS, Vocabulary


def learned(*questions: str, times: int = 1) -> Vocabulary:
    vocabulary = Vocabulary()
    for _ in range(times):
        for question in questions:
            vocabulary.learn(question)
    return vocabulary


def test_there_is_no_topic_before_words_recur():
    vocabulary = learned("Where is my parcel?")
    assert vocabulary.topic("Where is my parcel?") == ""
    assert learned("Where is my parcel?", times=3).topic("Has the parcel left?") == "parcel"


def test_questions_about_the_same_thing_share_a_topic_that_people_can_read():
    questions = [question for topic in TOPICS for question in topic.questions]
    vocabulary = learned(*questions, times=20)
    for asked in (
        ("Can I pay with a gift card and a credit card together?", "How do I use a gift card at checkout?"),
        ("Recommend a crime novel set in Venice", "Which crime novels do you have that are set in Venice?"),
        ("How long do I have to return a book I bought online?", "What is your return policy for online orders?"),
    ):
        labels = {vocabulary.topic(question) for question in asked}
        assert len(labels) == 1, labels
    assert vocabulary.topic("How do I use a gift card at checkout?") == "gift card"


def test_a_topic_keeps_its_name():
    chance = random.Random(1)
    questions = [question for topic in TOPICS for question in topic.questions]
    vocabulary = learned(*questions, times=LABEL_FIXED)
    before = {question: vocabulary.topic(question) for question in questions}
    before = {question: vocabulary.topic(question) for question in questions}
    for _ in range(1000):
        vocabulary.learn(chance.choice(questions))
    after = {question: vocabulary.topic(question) for question in questions}
    assert sum(before[question] == after[question] for question in questions) >= 0.85 * len(questions)


def test_a_companion_belongs_to_the_name():
    noise = [f"Tell me about {name}" for name in ("whales", "bridges", "violins", "volcanoes", "tulips", "castles")]
    vocabulary = learned("What is machine learning?", "Explain machine learning", *noise, *noise, times=10)
    assert vocabulary.topic("Is machine learning hard?") == "machine learning"


def test_instructions_addresses_and_small_words_are_no_topics():
    vocabulary = learned("Please write a new example for https://example.org/page", times=10)
    assert vocabulary.words == {}


def test_it_has_topics_in_other_languages():
    vocabulary = learned("Wie kann ich meine Bestellung stornieren?", "Wo ist meine Bestellung?", times=4)
    assert vocabulary.topic("Kann die Bestellung noch geändert werden?") == "bestellung"
    assert learned("返品はいつまでできますか", times=4).topic("返品はできますか") != ""


def test_it_stays_bounded_and_follows_the_present():
    chance = random.Random(2)
    vocabulary = learned("Where is my parcel?", times=50)
    letters = "abcdefghijklmnopqrstuvwxyz"
    for _ in range(6000):
        vocabulary.learn(" ".join("".join(chance.choices(letters, k=7)) for _ in range(4)))
    assert len(vocabulary.words) <= MOST_STEMS
    assert len(vocabulary.pairs) <= MOST_PAIRS
    for _ in range(200):
        vocabulary.learn("How do I cancel my subscription?")
    assert vocabulary.topic("Cancel the subscription") in ("cancel", "cancel subscription", "subscription")


def test_it_survives_being_written_down():
    vocabulary = learned("Where is my parcel?", "Is the parcel late?", times=10)
    vocabulary.topic("Where is my parcel?")
    again = Vocabulary.from_json(vocabulary.questions, vocabulary.words_as_json(), vocabulary.pairs)
    assert again == vocabulary


def test_any_text_is_taken():
    vocabulary = Vocabulary()
    for text in ("", "???", "x" * 100_000, "\ud800 broken", "a" * 50 + " " + "b" * 50, "1 2 3", "🙂 🙃"):
        vocabulary.learn(text)
        vocabulary.topic(text)
