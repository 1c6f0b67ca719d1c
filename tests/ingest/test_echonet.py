"""The ECHONET Lite driver against a simulated node, honest and hostile."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest

from ingest.addresses import Address, parse_address
from ingest.drivers.echonet import EchonetDriver
from ingest.drivers.echonet_frames import CONTROLLER, NODE, Frame, encode
from ingest.drivers.echonet_socket import shared_socket
from ingest.drivers.polling import poll_many
from ingest.drivers.protocol import Ask, Outcome, Reach, Sample, Target
from ingest.simulator.echonet import PANELS, SMART_METER
from tests.ingest.echonet_nodes import (
    HOUSE,
    PATIENT_UDP,
    QUICK_UDP,
    Held,
    a_home,
    a_node,
    driver_of,
    read,
)
from tests.ingest.gateways import EXPORT, IMPORT, LOOPBACK, NOON, PV, a_target, poll

NOW = HOUSE.registers(NOON)
EXPORT_WH, IMPORT_WH = NOW.export // 100 * 100, NOW.imported // 100 * 100


def test_a_home_gives_its_three_registers_at_one_instant() -> None:
    samples = read(Ask(PV), Ask(EXPORT, serial="SN-0170"), Ask(IMPORT))
    assert [sample.wh for sample in samples] == [NOW.pv, EXPORT_WH, IMPORT_WH]
    assert {(sample.outcome, sample.read_at) for sample in samples} == {(Outcome.OK, NOON)}
    assert [(s.unit_wh, s.modulus_wh, s.clock_error_s) for s in samples] == [
        (1, 10**9, None),
        (100, 10**8, 0),
        (100, 10**8, 0),
    ]


def test_one_object_is_asked_once_for_all_its_channels() -> None:
    async def asked() -> list[int]:
        async with a_node() as node:
            await driver_of(node).read([Ask(EXPORT), Ask(IMPORT), Ask(PV)])
            return [question.deoj for question in node.asked]

    assert asyncio.run(asked()) == [SMART_METER, PANELS]


def test_a_swapped_meter_is_not_read() -> None:
    swapped, panels = read(Ask(EXPORT, serial="SN-9999"), Ask(PV))
    assert (swapped.outcome, swapped.wh, panels.outcome) == (Outcome.WRONG_METER, None, Outcome.OK)
    assert "SN-0170, not SN-9999" in str(swapped.error)


def test_a_register_of_the_last_half_hour_carries_its_own_time() -> None:
    (sample,) = read(Ask(EXPORT, "028801.EB"))
    half = NOON - NOON % 1800
    assert (sample.read_at, sample.wh) == (half, HOUSE.registers(half).export // 100 * 100)


def test_a_stamp_ahead_of_now_is_a_bad_answer() -> None:
    async def asked() -> Sample:
        async with a_node(at=lambda: NOON + 7200) as node:
            return (await driver_of(node).read([Ask(EXPORT, "028801.EB")]))[0]

    sample = asyncio.run(asked())
    assert (sample.outcome, sample.wh) == (Outcome.BAD_ANSWER, None)


def test_a_wrong_clock_is_told_and_harms_no_register() -> None:
    async def asked() -> Sample:
        async with a_node(at=lambda: NOON) as node:
            return (await driver_of(node, at=lambda: NOON - 1000).read([Ask(EXPORT)]))[0]

    sample = asyncio.run(asked())
    assert (sample.outcome, sample.read_at, sample.clock_error_s) == (
        Outcome.OK,
        NOON - 1000,
        1000,
    )


def test_a_refusal_tells_the_register_that_is_there() -> None:
    held = a_home()[SMART_METER].properties(NOON)
    del held[0xE3]
    absent, there = read(Ask(EXPORT), Ask(IMPORT), devices={SMART_METER: Held(held)})
    assert (absent.outcome, absent.wh) == (Outcome.NO_CHANNEL, None)
    assert (there.outcome, there.wh) == (Outcome.OK, IMPORT_WH)


def test_a_register_without_data_is_no_data() -> None:
    held = a_home()[SMART_METER].properties(NOON) | {0xE3: b"\xff\xff\xff\xfe"}
    (sample,) = read(Ask(EXPORT), devices={SMART_METER: Held(held)})
    assert (sample.outcome, sample.wh) == (Outcome.NO_DATA, None)


def test_an_impossible_register_is_told_as_what_it_would_be() -> None:
    held = a_home()[SMART_METER].properties(NOON) | {0xE3: b"\x10\0\0\0"}
    (sample,) = read(Ask(EXPORT), devices={SMART_METER: Held(held)})
    assert (sample.outcome, sample.wh, sample.set_aside_wh) == (
        Outcome.IMPLAUSIBLE,
        None,
        0x10000000 * 100,
    )


def test_a_node_that_takes_few_properties_at_once_is_asked_again() -> None:
    def two_at_most(question: Frame, answer: bytes) -> list[bytes]:
        if question.deoj == NODE or len(question.properties) <= 2:
            return [answer]
        held = a_home()[SMART_METER].properties(NOON)
        told = tuple(replace(p, edt=held.get(p.epc, b"")) for p in question.properties[:2])
        return [encode(Frame(question.tid, question.deoj, CONTROLLER, 0x52, told))]

    (sample,) = read(Ask(EXPORT), twist=two_at_most)
    assert (sample.outcome, sample.wh) == (Outcome.OK, EXPORT_WH)


def changed(place: int, byte: int | None = None) -> Callable[[Frame, bytes], list[bytes]]:
    """Return a twist that changes a byte of every answer."""

    def twist(_question: Frame, answer: bytes) -> list[bytes]:
        octet = answer[place] ^ 0xFF if byte is None else byte
        return [answer[:place] + bytes([octet]) + answer[place + 1 :]]

    return twist


TWISTS: dict[str, tuple[Callable[[Frame, bytes], list[bytes]], Outcome]] = {
    "silent": (lambda _q, _a: [], Outcome.UNREACHABLE),
    "another transaction": (changed(3), Outcome.BAD_ANSWER),
    "another object": (changed(6), Outcome.BAD_ANSWER),
    "for another": (changed(8), Outcome.BAD_ANSWER),
    "another service": (changed(10, 0x71), Outcome.BAD_ANSWER),
    "a notice instead": (changed(10, 0x73), Outcome.METER_SILENT),
    "another property": (changed(12, 0xE7), Outcome.BAD_ANSWER),
    "a length too long": (changed(13, 0xFF), Outcome.BAD_ANSWER),
    "a length too short": (changed(13, 1), Outcome.BAD_ANSWER),
    "cut off": (lambda _q, a: [a[:-1]], Outcome.BAD_ANSWER),
    "cut to its head": (lambda _q, a: [a[:11]], Outcome.BAD_ANSWER),
    "too long": (lambda _q, a: [a + b"\0"], Outcome.BAD_ANSWER),
    "no frame": (lambda _q, _a: [b"HTTP/1.1 400 Bad Request\r\n\r\n"], Outcome.BAD_ANSWER),
    "huge": (lambda _q, a: [a + bytes(60_000)], Outcome.BAD_ANSWER),
    "no property": (lambda _q, a: [a[:11] + b"\0"], Outcome.BAD_ANSWER),
}


@pytest.mark.parametrize("name", TWISTS)
def test_a_hostile_node_gives_no_false_energy(name: str) -> None:
    twist, outcome = TWISTS[name]
    samples = read(Ask(EXPORT), Ask(PV), twist=twist, reach=replace(QUICK_UDP, timeout_s=0.2))
    assert {(sample.outcome, sample.wh) for sample in samples} == {(outcome, None)}
    assert all(sample.error for sample in samples)


def test_a_truncated_register_is_never_a_number() -> None:
    held = a_home()[SMART_METER].properties(NOON)
    for length in range(4):
        cut = Held(held | {0xE3: held[0xE3][: length or 4] if length else b""})
        (sample,) = read(Ask(EXPORT), devices={SMART_METER: cut})
        assert (sample.outcome is Outcome.OK, sample.wh) == (False, None)


def test_a_lost_datagram_is_sent_again_with_the_same_transaction() -> None:
    lost = iter([True, True, False, False])

    async def asked() -> tuple[list[int | None], list[int]]:
        async with a_node(twist=lambda _q, a: [] if next(lost) else [a]) as node:
            samples = await driver_of(node, replace(PATIENT_UDP, timeout_s=0.1)).read([Ask(EXPORT)])
            tids = [question.tid for question in node.asked if question.deoj == SMART_METER]
            return [sample.wh for sample in samples], tids

    wh, tids = asyncio.run(asked())
    assert wh == [EXPORT_WH]
    assert (len(tids) > 1, len(set(tids))) == (True, 1)


def test_a_node_is_asked_four_times_at_most() -> None:
    async def asked() -> int:
        async with a_node(twist=lambda _q, _a: []) as node:
            reach = replace(PATIENT_UDP, timeout_s=0.05)
            await driver_of(node, reach).read([Ask(EXPORT), Ask(PV)])
            return sum(question.deoj == SMART_METER for question in node.asked)

    assert asyncio.run(asked()) == 4


def test_an_answer_that_comes_too_late_or_twice_is_never_taken_for_the_next() -> None:
    late: list[bytes] = []

    def twist(_question: Frame, answer: bytes) -> list[bytes]:
        late.append(answer)
        return [*late, *late]

    samples = read(Ask(PV), Ask(EXPORT), Ask(IMPORT), twist=twist)
    assert [sample.wh for sample in samples] == [NOW.pv, EXPORT_WH, IMPORT_WH]


def test_a_node_without_the_object_is_no_channel_and_a_silent_object_a_silent_meter() -> None:
    def only_node(question: Frame, answer: bytes) -> list[bytes]:
        return [answer] if question.deoj == NODE else []

    reach = replace(QUICK_UDP, timeout_s=0.2)
    (absent,) = read(Ask(PV, "028D01.E3"), reach=reach)
    (silent,) = read(Ask(EXPORT), twist=only_node, reach=reach)
    assert (absent.outcome, silent.outcome) == (Outcome.NO_CHANNEL, Outcome.METER_SILENT)


def test_identity_and_survey_tell_what_is_there() -> None:
    async def asked() -> tuple[str, str, int | None, dict[str, int | None]]:
        async with a_node() as node:
            driver = driver_of(node)
            who, found = await driver.identify(), await driver.survey()
            return who.maker, who.serial, who.clock_error_s, {f.source: f.wh for f in found}

    maker, serial, clock_error_s, found = asyncio.run(asked())
    assert (maker, serial, clock_error_s) == ("000016", "SN-0170", 0)
    assert found.keys() == {"028801.E0", "028801.E3", "028801.EA", "028801.EB", "027901.E1"}
    assert (found["028801.E3"], found["027901.E1"]) == (EXPORT_WH, NOW.pv)


def test_an_address_that_is_not_allowed_is_never_sent_to() -> None:
    async def asked() -> tuple[list[Outcome], int]:
        async with a_node() as node:
            target = a_target(node.port, "echonet")
            (polled,) = await poll(target, Ask(EXPORT), reach=Reach())
            (read_,) = await driver_of(node, Reach(echonet_bind=("127.0.0.1", 0))).read(
                [Ask(EXPORT)]
            )
            return [polled.outcome, read_.outcome], len(node.asked)

    assert asyncio.run(asked()) == ([Outcome.REFUSED_ADDRESS] * 2, 0)


def test_a_port_that_cannot_be_had_is_named() -> None:
    reach = replace(PATIENT_UDP, echonet_bind=("192.0.2.77", 3610))
    driver = EchonetDriver(Target("echonet", Address(LOOPBACK, 3610)), reach, lambda: NOON)
    (sample,) = asyncio.run(driver.read([Ask(EXPORT)]))
    assert sample.outcome is Outcome.UNREACHABLE
    assert "PPA_ECHONET_BIND: 192.0.2.77:3610 cannot be had" in str(sample.error)


def test_many_nodes_share_one_socket() -> None:
    async def asked() -> tuple[list[int | None], int]:
        nodes = [a_node() for _ in range(40)]
        peers = set()

        def seen(node_port: int) -> Target:
            return a_target(node_port, "echonet")

        for node in nodes:
            await node.__aenter__()
            taken = node.datagram_received

            def noted(
                data: bytes,
                addr: tuple[str, int],
                taken: Callable[[bytes, tuple[str, int]], None] = taken,
            ) -> None:
                peers.add(addr)
                taken(data, addr)

            node.datagram_received = noted  # type: ignore[method-assign]
        polls = [(seen(node.port), [Ask(EXPORT)]) for node in nodes]
        answers = await poll_many(polls, 40, PATIENT_UDP, lambda: NOON)
        for node in nodes:
            await node.__aexit__(None, None, None)
        return [samples[0].wh for samples in answers], len(peers)

    assert asyncio.run(asked()) == ([EXPORT_WH] * 40, 1)


def test_a_node_on_ipv6_is_asked_from_ipv6() -> None:
    async def family() -> tuple[int, int]:
        with shared_socket(("127.0.0.1", 0), 6) as six, shared_socket(("127.0.0.1", 0), 4) as four:
            return six.sock.family, four.sock.family

    assert asyncio.run(family()) == (socket.AF_INET6, socket.AF_INET)


def test_a_channel_that_is_not_there_keeps_no_other_from_being_read() -> None:
    unknown, known = read(Ask(PV, "013001.80"), Ask(EXPORT))
    assert (unknown.outcome, known.wh) == (Outcome.NO_CHANNEL, EXPORT_WH)


def test_a_survey_tells_what_of_a_node_cannot_be_read() -> None:
    silent = Held({})
    broken = Held({0x9F: b"\x02\xe1"})
    empty = Held(a_home()[SMART_METER].properties(NOON) | {0xE3: b"\xff\xff\xff\xfe"})

    async def asked() -> dict[str, Outcome]:
        async with a_node({SMART_METER: empty, PANELS: broken, 0x013001: silent}) as node:
            return {one.source: one.outcome for one in await driver_of(node).survey()}

    found = asyncio.run(asked())
    assert found["028801.E3"] is Outcome.NO_DATA
    assert found["028801.E0"] is Outcome.OK
    assert found["027901"] is Outcome.BAD_ANSWER
    assert not any(source.startswith("0130") for source in found)


def test_where_there_is_no_way_a_node_is_unreachable() -> None:
    reach = replace(PATIENT_UDP, nets=(ip_network("10.8.0.0/16"),))
    target = Target("echonet", parse_address("10.8.0.21:3610"))
    (sample,) = asyncio.run(EchonetDriver(target, reach, lambda: NOON).read([Ask(EXPORT)]))
    assert sample.outcome is Outcome.UNREACHABLE
    assert "no way to 10.8.0.21:3610" in str(sample.error)


def test_the_deadline_is_one_for_all_objects_of_a_node() -> None:
    def only_the_meter(question: Frame, answer: bytes) -> list[bytes]:
        return [answer] if question.deoj == SMART_METER else []

    asks = [Ask(EXPORT), *(Ask(PV, f"0279{n:02X}.E1") for n in range(1, 9))]
    reach = replace(PATIENT_UDP, timeout_s=0.1, deadline_s=0.5)
    started = time.monotonic()
    first, *others = read(*asks, twist=only_the_meter, reach=reach)
    assert time.monotonic() - started < 3
    assert first.wh == EXPORT_WH
    assert {sample.outcome for sample in others} == {Outcome.METER_SILENT}
    assert "the deadline passed" in str(others[-1].error)
