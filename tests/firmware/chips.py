"""Register maps of the chips, from pico-sdk 2.1.1 (src/CHIP/hardware_regs/include/hardware/regs), not the firmware.

An address that a chip does not have, or that the firmware has no business with, is in no map.
"""


def chip_named(name):
    """Return the chip of that name."""
    return {"RP2040": RP2040, "RP2350": RP2350}[name]


class Chip:
    """What both chips have: offsets of the registers in their blocks.

    RESETS: bits of CHIP_RESET for resets other than power-on, pin RUN first. OTHER_BITS: bits there that are none.
    BOOTLOADER_WRITES: addresses that the boot ROM writes on the way to the USB bootloader.
    """

    OFFSETS = {
        "ADC": {"CS": 0x00, "RESULT": 0x04},
        "I2C": {
            "IC_TAR": 0x04,
            "IC_DATA_CMD": 0x10,
            "IC_RAW_INTR_STAT": 0x34,
            "IC_CLR_TX_ABRT": 0x54,
            "IC_CLR_STOP_DET": 0x60,
            "IC_ENABLE": 0x6C,
        },
        "SPI": {"SSPDR": 0x08, "SSPSR": 0x0C},
        "PIO": {"FSTAT": 0x04, "TXF0": 0x10, "TXF1": 0x14, "RXF0": 0x20, "RXF1": 0x24},
        "TIMER": {"TIMERAWL": 0x28},
        "WATCHDOG": {"REASON": 0x08, "SCRATCH": 0x0C},
    }

    @classmethod
    def registers(cls):
        """Return (block, number of the block, register) by address. SCRATCH0..7 and others are plain memory."""
        found = {}
        for name in cls.BLOCKS:
            block = name.rstrip("0123456789")
            offsets = cls.SIO if block == "SIO" else cls.OFFSETS[block]
            for register, offset in offsets.items():
                found[cls.BLOCKS[name] + offset] = (block, int(name[len(block) :] or 0), register)
        for address in cls.scratch():
            found[address] = ("memory", 0, "SCRATCH")
        found[cls.CHIP_RESET] = ("memory", 0, "CHIP_RESET")
        found[cls.BLOCKS["WATCHDOG"] + 0x08] = ("memory", 0, "REASON")
        return found

    @classmethod
    def scratch(cls):
        """Return the addresses of the watchdog's SCRATCH0..7."""
        return [cls.BLOCKS["WATCHDOG"] + 0x0C + 4 * k for k in range(8)]


class RP2040(Chip):
    NAME = "RP2040"
    MACHINE = "Raspberry Pi Pico with RP2040"
    HZ = 125_000_000
    BLOCKS = {
        "SIO": 0xD0000000,
        "ADC": 0x4004C000,
        "I2C0": 0x40044000,
        "I2C1": 0x40048000,
        "SPI0": 0x4003C000,
        "SPI1": 0x40040000,
        "PIO0": 0x50200000,
        "TIMER": 0x40054000,
        "WATCHDOG": 0x40058000,
    }
    SIO = {"GPIO_IN": 0x04, "GPIO_OUT_SET": 0x14, "GPIO_OUT_CLR": 0x18}
    CHIP_RESET = 0x40064008
    HAD_POR = 0x00000100
    RESETS = (0x00010000, 0x00100000)  # HAD_RUN, HAD_PSM_RESTART
    OTHER_BITS = 0x01000000  # PSM_RESTART_FLAG
    BOOTLOADER_WRITES = [0x40058000 + 0x0C + 4 * k for k in (0, 1, 4, 5, 6, 7)]  # pico-bootrom-rp2040


class RP2350(Chip):
    NAME = "RP2350"
    MACHINE = "Raspberry Pi Pico2 with RP2350"
    HZ = 150_000_000
    BLOCKS = {
        "SIO": 0xD0000000,
        "ADC": 0x400A0000,
        "I2C0": 0x40090000,
        "I2C1": 0x40098000,
        "SPI0": 0x40080000,
        "SPI1": 0x40088000,
        "PIO0": 0x50200000,
        "TIMER": 0x400B0000,  # TIMER0
        "WATCHDOG": 0x400D8000,
    }
    SIO = {"GPIO_IN": 0x04, "GPIO_OUT_SET": 0x18, "GPIO_OUT_CLR": 0x20}
    CHIP_RESET = 0x40100000 + 0x2C  # POWMAN
    HAD_POR = 0x00010000
    # HAD_RUN_LOW, HAD_BOR, HAD_DP_RESET_REQ, HAD_RESCUE, HAD_WATCHDOG_RESET_POWMAN_ASYNC, .._POWMAN, .._SWCORE,
    # HAD_SWCORE_PD, HAD_GLITCH_DETECT, HAD_HZD_SYS_RESET_REQ, HAD_WATCHDOG_RESET_RSM
    RESETS = (
        0x00040000,
        0x00020000,
        0x00080000,
        0x00200000,
        0x00400000,
        0x00800000,
        0x01000000,
        0x02000000,
        0x04000000,
        0x08000000,
        0x10000000,
    )
    OTHER_BITS = 0x00000011  # RESCUE_FLAG, DOUBLE_TAP
    BOOTLOADER_WRITES = [0x400D8000 + 0x0C + 4 * k for k in (2, 3, 4, 5, 6, 7)]  # pico-bootrom-rp2350, varm_apis.c
