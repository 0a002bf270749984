// An RP2040 emulated by rp2040js:  node chip.mjs FOLDER, where FOLDER has rp2040js in its node_modules.
//
// What its pins, buses and converter are connected to is in the process that started this one (chip.py). Standard input
// and output carry one JSON value a line. The first is {bootrom: words, flash: base64, pins: numbers of those that are
// connected}. Each further one from outside is a text, bytes for USB: the chip takes them, goes on for SLICE_NS, and
// sends ["end", its time in ns]. Before that it may call a method of chip.py: it sends [name, its time, ...arguments] and
// waits for [result, [[pin, level], ...]] with the levels that have changed.
//
// Corrected here, beside what comments of functions say: rp2040js has no VREG_AND_CHIP_RESET, reads 0 from a pin that is
// driven, moves bytes on I2C and SPI in no time, and writes nothing to the flash. Not emulated: resets of the chip, which
// chip.py refuses; and resets of blocks other than I2C.
//
// Registers: RP2040 datasheet.

import { readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const { ConsoleLogger, GPIOPinState, LogLevel, RP2040, USBCDC } = createRequire(`${process.argv[2]}/`)('rp2040js');

const FLASH_START = 0x10000000;
const SLICE_NS = 2e6;
const NEVER_NS = 2 ** 62; // i2c_lines.py
// As rp2040js numbers peripherals:
const SSI = 0x18000, RESETS = 0x4000c, IO_QSPI = 0x40018, WATCHDOG = 0x40058, VREG_AND_CHIP_RESET = 0x40064;
const QSPI_SS_CTRL = 0x0c, OUTOVER = 0x300, LOW = 0x200; // 2.19.6.2
const SSI_SSIENR = 0x08, SSI_RXFLR = 0x24, SSI_SR = 0x28, SSI_DR0 = 0x60, RFNE = 1 << 3; // 4.10.13
const CHIP_RESET = 0x08, HAD_POR = 1 << 8; // 2.10.7
const GPIO_IN = 0x04; // 2.3.1.7
const RESET_I2C0 = 1 << 3; // 2.14.3, RESET; I2C1 has the next bit
const TX_EMPTY = 1 << 4, FS_SPKLEN = 0xa0; // 4.3.17
const PACKET = 64, PACKET_US = 53; // full speed, at most 19 such packets a frame (USB 2.0, 5.8.4)
const FRAME_NS = 1e6, SOF_RD = 0x48, DEV_SOF = 1 << 17; // 4.1.4

const mcu = new RP2040();
const { clock, core } = mcu;
let instructionNs = null; // moment of the instruction that a state machine executes

// -- the process outside ----------------------------------------------------------------------------------------------

const chunk = Buffer.alloc(65536);
let received = '';

function receive() {
  let end;
  while ((end = received.indexOf('\n')) < 0) {
    const size = readSync(0, chunk);
    if (!size) process.exit();
    received += chunk.toString('latin1', 0, size);
  }
  const line = received.slice(0, end);
  received = received.slice(end + 1);
  return JSON.parse(line);
}

function send(...message) {
  writeSync(1, JSON.stringify(message) + '\n');
}

function call(method, ...args) {
  send(method, instructionNs ?? clock.nanos, ...args);
  const [result, levels] = receive();
  for (const [pin, level] of levels) mcu.gpio[pin].setInputValue(!!level);
  return result;
}

// -- pins and converter -----------------------------------------------------------------------------------------------

const LEVELS = { [GPIOPinState.Low]: 0, [GPIOPinState.High]: 1 };

function connectPins(pins) {
  for (const pin of pins) mcu.gpio[pin].addListener((state) => call('drive', pin, LEVELS[state] ?? null));
  const { sio } = mcu;
  const read = sio.readUint32;
  sio.readUint32 = (offset) => {
    if (offset !== GPIO_IN) return read.call(sio, offset);
    call('refresh_inputs');
    const driven = sio.gpioOutputEnable;
    return (mcu.gpioValues & ~driven) | (sio.gpioValue & driven);
  };
}

function connectConverter() {
  const { adc } = mcu;
  const convert = adc.onADCRead;
  adc.onADCRead = (channel) => {
    adc.channelValues[channel] = call('sample', channel) ?? adc.channelValues[channel];
    convert(channel);
  };
}

// -- buses ------------------------------------------------------------------------------------------------------------

// A start, a byte or a stop takes its bits' time, then the part answers. SCL is high for HCNT + SPKLEN + 7 cycles, low
// for LCNT + 1 (4.3.14.1). TX_EMPTY is set when the last byte has left the wire, not when it left the FIFO, and also
// after one without acknowledge. rp2040js ignores an odd FS_SPKLEN. Returns a function that resets the controller.
function connectI2C(i2c, bus) {
  const { abortSource, busy, enable, intRaw, pendingRestart, state, stop } = i2c; // as after a reset
  const { abort, completeWrite, setInterrupts, writeUint32 } = i2c;
  i2c.abort = (reason) => {
    abort.call(i2c, reason);
    setInterrupts.call(i2c, TX_EMPTY);
  };
  i2c.setInterrupts = (mask) => {
    const set = i2c.busy ? mask & ~TX_EMPTY : mask;
    if (set) setInterrupts.call(i2c, set);
  };
  i2c.completeWrite = (acknowledged) => {
    completeWrite.call(i2c, acknowledged);
    if (i2c.txFIFO.itemCount <= i2c.txThreshold && (!i2c.busy || i2c.stop)) setInterrupts.call(i2c, TX_EMPTY);
  };
  i2c.writeUint32 = (offset, value) => {
    writeUint32.call(i2c, offset, value);
    if (offset === FS_SPKLEN && value) i2c.spikelen = value;
  };
  let then;
  const alarm = clock.createAlarm(() => then());
  function after(bits, next) {
    then = next;
    const cycles = i2c.sclHighPeriod + i2c.spikelen + 7 + i2c.sclLowPeriod + 1;
    const heldNs = bits > 1 ? call('begin_byte', bus) : 0;
    if (heldNs < NEVER_NS) alarm.schedule(heldNs + (bits * cycles * 1e9) / mcu.clkSys);
  }
  i2c.onStart = () => after(1, () => i2c.completeStart());
  i2c.onConnect = (address, mode) => after(9, () => i2c.completeConnect(call('address', bus, address, !!mode)));
  i2c.onWriteByte = (value) => after(9, () => i2c.completeWrite(call('write', bus, value)));
  i2c.onReadByte = () => after(9, () => i2c.completeRead(call('read', bus)));
  i2c.onStop = () => after(1, () => { call('stop', bus); i2c.completeStop(); });
  return () => {
    alarm.cancel();
    call('cut_off', bus);
    Object.assign(i2c, { abortSource, busy, enable, intRaw, pendingRestart, state, stop });
    i2c.txFIFO.reset();
    i2c.rxFIFO.reset();
  };
}

function connectSPI(spi, bus) {
  let answer;
  const alarm = clock.createAlarm(() => spi.completeTransmit(answer));
  spi.onTransmit = (value) => {
    const { clockFrequency: hz, dataBits: bits, control0 } = spi;
    answer = call('shift', bus, value, bits, Math.round(hz), (control0 >> 6) & 1, (control0 >> 7) & 1); // SPO, SPH
    alarm.schedule((bits * 1e9) / hz);
  };
}

// -- flash ------------------------------------------------------------------------------------------------------------

// The bootrom's functions force the chip select low, send a command byte by byte and force it high: then it is done.
// Commands: those of the W25Q16JV that the bootrom uses (2.8.3.1.3). A write enable is taken for granted.
function connectFlash() {
  const { flash, peripherals: { [SSI]: ssi, [IO_QSPI]: io } } = mcu;
  const registers = {}; // of the pins
  let sent = [], answers = [];
  const selected = () => (registers[QSPI_SS_CTRL] & OUTOVER) === LOW;
  const commands = {
    0x02: (at, data) => { // page program: it clears bits, and goes round within the page
      data.forEach((byte, k) => { flash[(at & ~255) | ((at + k) & 255)] &= byte; });
      return 256;
    },
    0x20: (at) => erase(at, 4096),
    0xd8: (at) => erase(at, 65536),
  };
  function erase(at, size) {
    const first = at & ~(size - 1);
    flash.fill(0xff, first, first + size);
    return size;
  }
  function end() {
    const [command, high, mid, low, ...data] = sent;
    if (!commands[command] || low === undefined) return;
    const at = (high << 16) | (mid << 8) | low;
    const size = commands[command](at, data);
    const first = at & ~(size - 1);
    call('changed', first, Buffer.from(flash.subarray(first, first + size)).toString('base64'));
  }
  function answer() { // 0 also is the status: not busy
    const at = (sent[1] << 16) | (sent[2] << 8) | sent[3];
    return sent[0] === 0x03 && sent.length > 4 ? flash[at + sent.length - 5] : 0;
  }
  io.readUint32 = (offset) => registers[offset] ?? 0;
  io.writeUint32 = (offset, value) => {
    if (offset === QSPI_SS_CTRL) {
      if (selected()) end();
      sent = [];
      answers = [];
    }
    registers[offset] = value;
  };
  const { readUint32, writeUint32 } = ssi;
  ssi.readUint32 = (offset) => {
    switch (offset) {
      case SSI_DR0: return answers.shift() ?? 0;
      case SSI_RXFLR: return answers.length;
      case SSI_SR: return answers.length ? readUint32.call(ssi, offset) : readUint32.call(ssi, offset) & ~RFNE;
      default: return readUint32.call(ssi, offset);
    }
  };
  ssi.writeUint32 = (offset, value) => {
    if (offset === SSI_DR0) {
      if (selected()) sent.push(value & 255);
      answers.push(answer());
    } else {
      if (offset === SSI_SSIENR) answers = [];
      writeUint32.call(ssi, offset, value);
    }
  };
}

// -- USB --------------------------------------------------------------------------------------------------------------

// rp2040js completes a transfer from the host with an empty packet while there is nothing to send, so the chip never
// sleeps. It starts no frames, and MicroPython holds its output back until 16 have passed.
function connectUSB() {
  const usb = mcu.usbCtrl;
  const cdc = new USBCDC(usb);
  const unsent = [];
  let room = 0; // of the transfer that the chip has prepared
  function sendPacket() {
    if (room && unsent.length) {
      usb.endpointReadDone(cdc.outEndpoint, Uint8Array.from(unsent.splice(0, Math.min(room, PACKET))), PACKET_US);
      room = 0;
    }
  }
  usb.writeDelayMicroseconds = PACKET_US;
  cdc.onSerialData = (data) => { if (data.length) call('output', Buffer.from(data).toString('latin1')); };
  usb.onEndpointRead = (endpoint, size) => {
    if (endpoint && endpoint === cdc.outEndpoint) {
      room = size;
      sendPacket();
    }
  };
  const frame = clock.createAlarm(() => {
    frame.schedule(FRAME_NS);
    usb.sofFrameNumber = (usb.sofFrameNumber + 1) & 0x7ff;
    if (usb.intEnable & DEV_SOF) {
      usb.intRaw |= DEV_SOF;
      usb.checkInterrupts();
    }
  });
  frame.schedule(FRAME_NS);
  const read = usb.readUint32;
  usb.readUint32 = (offset) => {
    if (offset === SOF_RD) {
      usb.intRaw &= ~DEV_SOF;
      usb.checkInterrupts();
    }
    return read.call(usb, offset);
  };
  return (text) => {
    unsent.push(...Buffer.from(text, 'latin1'));
    sendPacket();
  };
}

// -- state machines ---------------------------------------------------------------------------------------------------

// rp2040js runs all four of a block on a timer of the host's, whether they are enabled or not, without clock dividers
// and delays. Here an instruction takes its time, and the edges that it makes happen at its moment.
let stateMachinesNs = 0; // up to here they have run

function runStateMachines() {
  for (const pio of mcu.pio) {
    if (pio.stopped) continue;
    for (const machine of pio.machines) if (machine.enabled && !machine.waiting) runStateMachine(pio, machine);
  }
  instructionNs = null;
  stateMachinesNs = clock.nanos;
}

function runStateMachine(pio, machine) {
  const cycleNs = ((machine.clockDivInt || 65536) + machine.clockDivFrac / 256) * (1e9 / mcu.clkSys); // 3.7, CLKDIV
  instructionNs = Math.max(machine.nextNs ?? 0, stateMachinesNs);
  while (instructionNs <= clock.nanos && !machine.waiting) {
    const { cycles } = machine;
    machine.step();
    pio.checkChangedPins();
    instructionNs += (machine.cycles - cycles) * cycleNs;
  }
  machine.nextNs = instructionNs;
}

// -- the chip ---------------------------------------------------------------------------------------------------------

function connectResets(resetI2C) {
  const resets = mcu.peripherals[RESETS];
  const write = resets.writeUint32;
  resets.writeUint32 = (offset, value) => {
    const before = resets.reset;
    write.call(resets, offset, value);
    const begun = resets.reset & ~before;
    resetI2C.forEach((reset, bus) => { if (begun & (RESET_I2C0 << bus)) reset(); });
  };
  mcu.peripherals[VREG_AND_CHIP_RESET].readUint32 = (offset) => (offset === CHIP_RESET ? HAD_POR : 0);
  mcu.peripherals[WATCHDOG].onWatchdogTrigger = () => call('refuse');
}

mcu.logger = new ConsoleLogger(LogLevel.Error);
const { bootrom, flash, pins } = receive();
mcu.loadBootrom(Uint32Array.from(bootrom));
mcu.flash.set(Buffer.from(flash, 'base64'));
core.PC = FLASH_START;
connectPins(pins);
connectConverter();
const resetI2C = mcu.i2c.map(connectI2C);
mcu.spi.forEach(connectSPI);
for (const pio of mcu.pio) pio.run = () => {};
connectResets(resetI2C);
connectFlash();
const sendUSB = connectUSB();

for (;;) {
  sendUSB(receive());
  const end = clock.nanos + SLICE_NS;
  while (clock.nanos < end) {
    if (core.waiting) clock.tick(Math.min(clock.nanosToNextAlarm, end - clock.nanos));
    else clock.tick((core.executeInstruction() * 1e9) / mcu.clkSys);
    runStateMachines();
  }
  send('end', clock.nanos);
}
