// A smart meter and an inverter made of echonet-lite, a program that is not ours: it answers from
// another port than 3610, to port 3610, in an order of its own. Prints "ready" once it listens.
"use strict";
const EL = require(process.argv[2]);

const bytes = (figure, length) =>
  Array.from({ length }, (_, n) => Math.floor(figure / 256 ** (length - 1 - n)) % 256);
const propertyMap = (epcs) => {
  if (epcs.length < 16) return [epcs.length, ...epcs];
  const map = Array(16).fill(0);
  for (const epc of epcs) map[epc % 16] |= 1 << ((epc >> 4) - 8);
  return [epcs.length, ...map];
};
const withMap = (held) => {
  held["9f"] = [];
  held["9f"] = propertyMap(Object.keys(held).map((epc) => parseInt(epc, 16)));
  return held;
};

const day = (chosen, counts) =>
  bytes(chosen, 2).concat(...Array.from({ length: 48 }, (_, n) =>
    n === 20 ? bytes(0xfffffffe, 4) : bytes(counts - 1000 * chosen + n, 4)));
const meter = {
  80: [0x30], "8a": [0, 0, 0x77], "8d": [...Buffer.from("SN-0170\0\0\0\0\0")],
  97: [12, 25], 98: [0x07, 0xe8, 6, 10], d7: [6], e1: [1],
  e0: bytes(123456, 4), e3: bytes(3020, 4), e2: day(255, 123456), e4: day(255, 3020), e5: [0xff],
};
const devices = {
  "028801": withMap(meter),
  "027901": withMap({ 80: [0x30], e0: [0x01, 0xf4], e1: bytes(388200, 4) }),
};

EL.initialize(Object.keys(devices), (rinfo, els) => {
  if (els.ESV === EL.GET && devices[els.DEOJ]) EL.replyGetDetail(rinfo, els, devices);
  if (els.ESV === EL.SETC && els.DEOJ === "028801" && els.DETAILs.e5) {
    meter.e5 = [parseInt(els.DETAILs.e5, 16)];
    meter.e2 = day(meter.e5[0], 123456);
    meter.e4 = day(meter.e5[0], 3020);
    EL.sendArray(rinfo, [0x10, 0x81, ...EL.toHexArray(els.TID), ...EL.toHexArray(els.DEOJ),
      ...EL.toHexArray(els.SEOJ), 0x71, 1, 0xe5, 0]);
  }
}, 4, { v4: "", ignoreMe: false, autoGetProperties: false }).then((socket) =>
  socket.once("listening", () => console.log("ready")));
