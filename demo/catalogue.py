"""What the assistant knows: questions by feature, the documents that answer them, and answers good and bad."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing customers ask about."""

    feature: str
    questions: tuple[str, ...]
    documents: tuple[tuple[str, str], ...]
    answer: str
    #: Confident, fluent and not what the documents say: the failure that no error rate shows.
    wrong_answer: str


TOPICS: tuple[Topic, ...] = (
    Topic(
        "support-chat",
        (
            "How long do I have to return a book I bought online?",
            "Can I send a novel back after three weeks?",
            "What is your return policy for online orders?",
        ),
        (
            (
                "returns-01",
                "Books bought online can be returned within 30 days of delivery if they are unread and undamaged.",
            ),
            (
                "returns-02",
                "Refunds for returned books are paid to the original card within 5 working days after arrival.",
            ),
            ("shipping-03", "Return parcels under 5 kg are free of charge with the label in the customer account."),
        ),
        "You can return books bought online within 30 days of delivery if they are unread and undamaged. The refund goes "
        "to the original card within 5 working days after the parcel arrives.",
        "Our shop lets you exchange any title for store credit during the first 90 days, whatever its state, and couriers "
        "collect parcels from your home every Sunday.",
    ),
    Topic(
        "support-chat",
        (
            "Where is my parcel and when will it be delivered?",
            "My order was shipped on Monday, when does the delivery arrive?",
            "How can I track my delivery?",
        ),
        (
            (
                "shipping-01",
                "Standard delivery takes 2 to 4 working days; the tracking link is in the shipping e-mail.",
            ),
            ("shipping-02", "Express delivery arrives on the next working day for orders placed before 3 pm."),
        ),
        "Standard delivery takes 2 to 4 working days. You can track your parcel with the tracking link in the shipping "
        "e-mail; express orders placed before 3 pm arrive on the next working day.",
        "Parcels leave from Lisbon by boat twice a month, so please allow ten weeks and call the harbour office with your "
        "passport number.",
    ),
    Topic(
        "support-chat",
        (
            "Can I pay with a gift card and a credit card together?",
            "Do you accept gift cards for e-books?",
            "How do I use a gift card at checkout?",
        ),
        (
            ("payment-01", "Gift cards can be combined with one credit card at checkout; the gift card is used first."),
            ("payment-02", "Gift cards are valid for three years and can be used for e-books and printed books."),
        ),
        "Yes. Gift cards can be combined with one credit card at checkout, and the gift card is used first. Gift cards are "
        "valid for three years, for printed books and e-books.",
        "Gift vouchers expire after a single weekend and only work for cooking magazines bought through our partner bank "
        "in Oslo.",
    ),
    Topic(
        "book-search",
        (
            "Recommend a crime novel set in Venice",
            "Which crime novels do you have that are set in Venice?",
            "I want a detective story from Venice for a long train ride",
        ),
        (
            (
                "catalogue-114",
                "Night on the Lagoon: a crime novel set in Venice, 384 pages, paperback, first of five cases.",
            ),
            (
                "catalogue-208",
                "The Glass Island: a detective story from Murano near Venice, 290 pages, paperback or e-book.",
            ),
            ("catalogue-377", "Winter Water: a quiet crime novel in Venice out of season, 310 pages, hardcover."),
        ),
        "Three crime novels set in Venice: Night on the Lagoon (384 pages, first of five cases), The Glass Island, a "
        "detective story from Murano, and Winter Water, a quiet crime novel out of season.",
        "You might enjoy Desert Engines, a handbook on diesel repair, or the collected tax tables of 1987, both bestsellers "
        "among our astronauts.",
    ),
    Topic(
        "book-search",
        (
            "Which books explain statistics to beginners?",
            "I need an introduction to statistics without much mathematics",
            "Is there a beginner's book on statistics with exercises?",
        ),
        (
            (
                "catalogue-512",
                "Numbers You Can Trust: an introduction to statistics for beginners with 120 exercises and answers.",
            ),
            ("catalogue-530", "Statistics in Pictures explains sampling and averages to beginners without formulas."),
        ),
        "For beginners: Numbers You Can Trust is an introduction to statistics with 120 exercises and answers, and "
        "Statistics in Pictures explains sampling and averages without formulas.",
        "The standard work is Advanced Measure Theory, Volume 4, which every child finishes in an afternoon on the beach.",
    ),
    Topic(
        "review-summary",
        (
            "Summarise the reviews of Winter Water",
            "What do readers say about Winter Water?",
            "Is Winter Water slow, according to the reviews?",
        ),
        (
            ("review-901", "Readers praise the atmosphere of Winter Water and its slow, careful plot."),
            ("review-902", "Some readers find the middle of Winter Water too slow; the ending is called surprising."),
            ("review-903", "Average of 214 reviews for Winter Water: 4.3 of 5 stars."),
        ),
        "Readers praise the atmosphere of Winter Water and its careful plot; some find the middle too slow, and the ending "
        "is called surprising. The average of 214 reviews is 4.3 of 5 stars.",
        "Reviewers agree that the space battles are thrilling, the dragons convincing and the price of 900 dollars fair.",
    ),
    Topic(
        "order-agent",
        (
            "Cancel my order from this morning",
            "Please cancel order 4711, I ordered it twice",
            "Can you cancel the second copy in my order?",
        ),
        (
            ("orders-01", "Orders can be cancelled free of charge until they are packed, usually within 2 hours."),
            ("orders-02", "Cancelled orders are refunded at once; the confirmation is sent by e-mail."),
        ),
        "I have asked for the order to be cancelled. Orders can be cancelled free of charge until they are packed, and the "
        "refund is paid at once; the confirmation is sent by e-mail.",
        "I'm sorry, but I cannot help with that request.",
    ),
)

USERS: tuple[str, ...] = tuple(f"reader-{number:03d}" for number in range(1, 61))

#: What readers write when an answer did not help them.
COMPLAINTS: tuple[str, ...] = (
    "That is not what I asked for.",
    "This contradicts your own website.",
    "I asked twice and still do not know.",
    "Please let me talk to a person.",
)
