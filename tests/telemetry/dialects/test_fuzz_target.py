"""The fuzzer itself: its seeds are good, and a short run finds nothing."""

from bench.fuzz_decoders import TARGETS, check, run_plain, seeds


def test_every_decoder_has_good_seeds():
    corpus = seeds()
    assert {data[0] for data in corpus} == set(range(len(TARGETS)))
    for data in corpus:
        check(data)


def test_a_short_run_finds_nothing():
    assert run_plain(seeds(), seconds=1.0, seed=1) > 20
