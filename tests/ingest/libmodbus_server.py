"""A Modbus TCP server that is neither ours nor pymodbus: libmodbus, driven through ctypes.

Reads `{"fc": [first address, [words]]}` as JSON on stdin, prints its port, serves one connection
at a time until it is killed.
"""

import ctypes
import json
import socket
import sys
from ctypes import POINTER, c_int, c_uint8, c_uint16, c_void_p


class Mapping(ctypes.Structure):
    """modbus_mapping_t of libmodbus 3.1."""

    _fields_ = (
        ("nb_bits", c_int),
        ("start_bits", c_int),
        ("nb_input_bits", c_int),
        ("start_input_bits", c_int),
        ("nb_input_registers", c_int),
        ("start_input_registers", c_int),
        ("nb_registers", c_int),
        ("start_registers", c_int),
        ("tab_bits", POINTER(c_uint8)),
        ("tab_input_bits", POINTER(c_uint8)),
        ("tab_input_registers", POINTER(c_uint16)),
        ("tab_registers", POINTER(c_uint16)),
    )


def main() -> None:
    """Serve what stdin describes."""
    library = ctypes.CDLL("libmodbus.so.5")
    library.modbus_new_tcp.restype = c_void_p
    library.modbus_mapping_new_start_address.restype = POINTER(Mapping)
    library.modbus_mapping_new_start_address.argtypes = (ctypes.c_uint,) * 8
    context = c_void_p(library.modbus_new_tcp(b"127.0.0.1", 0))
    image = json.load(sys.stdin)
    (holding, words), (inputs, input_words) = (image.get(fc, [0, []]) for fc in ("3", "4"))
    mapping = library.modbus_mapping_new_start_address(
        0, 0, 0, 0, holding, len(words), inputs, len(input_words)
    )
    for n, word in enumerate(words):
        mapping.contents.tab_registers[n] = word
    for n, word in enumerate(input_words):
        mapping.contents.tab_input_registers[n] = word
    listening = c_int(library.modbus_tcp_listen(context, 5))
    with socket.socket(fileno=listening.value) as shown:
        print(shown.getsockname()[1], flush=True)
        serve(library, context, mapping, listening)


def serve(library: ctypes.CDLL, context: c_void_p, mapping: object, listening: c_int) -> None:
    """Answer one connection after the other."""
    question = (c_uint8 * 260)()
    while library.modbus_tcp_accept(context, ctypes.byref(listening)) >= 0:
        while (length := library.modbus_receive(context, question)) >= 0:
            library.modbus_reply(context, question, length, mapping)
        library.modbus_close(context)


if __name__ == "__main__":
    main()
