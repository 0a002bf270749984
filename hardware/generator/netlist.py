"""The netlist, in the format of `kicad-cli sch export netlist`; a test compares the two."""

from hardware.generator.circuit import Circuit
from hardware.generator.sexp import dump, node


def netlist(circuit: Circuit, paths: dict[str, str]) -> str:
    """Return the text of the .net file. `paths` is the UUID path of every part in the schematic."""
    components = node("components")
    for part in circuit.parts:
        sheet, own = paths[part.ref].rsplit("/", 1)
        item = node("comp", node("ref", part.ref), node("value", part.value), node("footprint", part.kind.footprint))
        item.append(node("fields", node("field", node("name", "MPN"), part.mpn)))
        item.append(node("libsource", node("lib", "twinohm"), node("part", part.kind.name)))
        item.append(node("sheetpath", node("names", f"{part.sheet}/"), node("tstamps", f"{sheet}/")))
        components.append([*item, node("tstamps", own)])
    nets = node("nets")
    for code, (name, pins) in enumerate(circuit.nets.items(), 1):
        nodes = [node("node", node("ref", ref), node("pin", pin)) for ref, pin in pins]
        nets.append(node("net", node("code", str(code)), node("name", name), *nodes))
    design = node("design", node("source", f"{circuit.name}.kicad_sch"), node("tool", "twinohm"))
    return dump(node("export", node("version", "E"), design, components, nets)) + "\n"
