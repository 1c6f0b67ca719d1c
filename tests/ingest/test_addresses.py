"""Which addresses a gateway may have."""

from ipaddress import ip_network

import pytest

from ingest.addresses import parse_address, refusal
from shared.errors import ValueRefused

EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))
VPN = (ip_network("10.8.0.0/16"), ip_network("fd00:8::/32"))

NOT_ADDRESSES = (
    "",
    "10.8.0.21",
    "10.8.0.21:",
    ":502",
    "10.8.0.21:0",
    "10.8.0.21:65536",
    "10.8.0.21:0502",
    "10.8.0.21:+502",
    "10.8.0.21:5_02",
    "10.8.0.21:５０２",
    "10.8.0.21:502 ",
    " 10.8.0.21:502",
    "10.8.0.21 :502",
    "10.8.0.21:502\n",
    "10.8.0.21:502/",
    "10.8.0.021:502",
    "010.8.0.21:502",
    "10.8.0.256:502",
    "10.8.21:502",
    "10.8.0.0.21:502",
    "0x0a.8.0.21:502",
    "168296469:502",
    "１０.8.0.21:502",
    "10。8。0。21:502",
    "localhost:502",
    "gateway.example.jp:502",
    "http://10.8.0.21:502",
    "user@10.8.0.21:502",
    "10.8.0.21:502#",
    "[10.8.0.21]:502",
    "fd00:8::21:502",
    "[fd00:8::21]502",
    "[fd00:8::21]:",
    "[fd00:8::21%eth0]:502",
    "[fd00:8:::21]:502",
    "[fd00:8::21:502",
    "[]:502",
    "[::g]:502",
    "[fd00:8::1.2.3.04]:502",
)
NEVER_ALLOWED = (
    "0.0.0.0:502",
    "0.1.2.3:502",
    "127.0.0.1:502",
    "127.255.255.254:502",
    "169.254.169.254:80",
    "224.0.23.0:3610",
    "239.255.255.255:502",
    "240.0.0.1:502",
    "255.255.255.255:502",
    "[::]:502",
    "[::1]:502",
    "[fe80::1]:502",
    "[febf::1]:502",
    "[ff02::1]:3610",
    "[::ffff:10.8.0.21]:502",
    "[::FFFF:0a08:15]:502",
    "[0:0:0:0:0:ffff:127.0.0.1]:502",
    "[::10.8.0.21]:502",
    "[::2]:502",
    "[::ffff:0:10.8.0.21]:502",
    "[64:ff9b::10.8.0.21]:502",
    "[64:ff9b::7f00:1]:502",
    "[64:ff9b:1::a08:15]:502",
    "[2002:7f00:1::]:502",
    "[2002:a08:15::1]:502",
    "[2001:0:1:2::3]:502",
    "[fd00:8::5efe:a08:15]:502",
    "[fd00:8::200:5efe:a08:15]:502",
)
ALLOWED = ("10.8.0.21:502", "10.8.255.255:65535", "10.8.0.0:1", "[fd00:8::21]:502")


@pytest.mark.parametrize("text", NOT_ADDRESSES)
def test_anything_but_the_one_spelling_is_no_address(text: str) -> None:
    with pytest.raises(ValueRefused):
        parse_address(text)


@pytest.mark.parametrize("text", NEVER_ALLOWED)
def test_some_addresses_are_refused_even_inside_the_nets(text: str) -> None:
    assert refusal(parse_address(text), EVERYTHING, allow_loopback=False)


@pytest.mark.parametrize("text", ALLOWED)
def test_an_address_of_the_nets_is_allowed(text: str) -> None:
    address = parse_address(text)
    assert refusal(address, VPN, allow_loopback=False) is None
    assert parse_address(str(address)) == address


@pytest.mark.parametrize("text", ["10.9.0.1:502", "100.64.0.1:502", "8.8.8.8:502", "[fd01::1]:1"])
def test_an_address_outside_the_nets_is_refused(text: str) -> None:
    assert "PPA_GATEWAY_NETS" in str(refusal(parse_address(text), VPN, allow_loopback=True))


def test_blank_nets_allow_nothing() -> None:
    assert refusal(parse_address("10.8.0.21:502"), (), allow_loopback=False)


def test_allowing_loopback_opens_127_alone() -> None:
    opened = [
        text
        for text in NEVER_ALLOWED
        if refusal(parse_address(text), EVERYTHING, allow_loopback=True) is None
    ]
    assert opened == ["127.0.0.1:502", "127.255.255.254:502"]
    assert refusal(parse_address("127.0.0.9:502"), (), allow_loopback=True) is None
