"""Machine code for one graph: its networks and comparators without loops and look-ups of nodes, slots and edges.

The elimination is written out, operation after operation, as LLVM's intermediate code on vectors of replicas, with
constant offsets into arrays whose last axis is LANES. It does the operations of lanes.py and kernel.py in their order,
so both give the same bits. LLVM compiles it in tenths of a second, so nothing is kept on disk. A large graph would be
megabytes of code; it is left to the compiled loops.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, Self

from llvmlite import binding, ir
from numba.core import codegen

from twinohm.ensemble.arrays import normal_quantiles
from twinohm.ensemble.compiled import config
from twinohm.ensemble.elimination import Elimination, eliminate
from twinohm.ensemble.lanes import LANES, REACHED_S
from twinohm.model.components import TIE_V

MOST_UPDATES = 300  # of an elimination that is written out; lab16 has 25, a square lattice of 40 edges 150
WIDTH = 8  # lanes in a vector: two registers of AVX2, whose operations overlap
DOUBLE, FLOAT, INT, SHORT = ir.DoubleType(), ir.FloatType(), ir.IntType(64), ir.IntType(16)
VECTOR, INTS = ir.VectorType(DOUBLE, WIDTH), ir.VectorType(INT, WIDTH)
BYTE = ir.IntType(WIDTH)
FURTHEST = 1.001 * float(normal_quantiles().max())
CONTRACT = ("contract",)  # as compiled.py has it

ARGUMENTS = 8  # of each function
FUNCTION = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * ARGUMENTS)


class StraightLine(NamedTuple):
    """The functions of a graph, which take addresses of C-contiguous arrays."""

    network: Any  # taps, per_tap, fixed, driver_S, drive_V, buffer_V; volts, sensed: a solution, and what is sensed
    compare: Any  # free, clamped, offset_V, averager, state, quantiles; ups; number of readings: as compare() there
    step: Any  # likewise, but at the end taps: one reading, and a step of all edges


NONE = StraightLine(*[FUNCTION(lambda *_: None)] * 3)  # of what is left to the compiled loops


class Value:
    """A vector of floats or of truths in the code of a function. Operators append their instruction to it."""

    def __init__(self, at: ir.IRBuilder, value: Any) -> None:
        self.at, self.value = at, value

    def _new(self, instruction: Any) -> Self:
        return type(self)(self.at, instruction)

    def __add__(self, other: Self) -> Self:
        return self._new(self.at.fadd(self.value, other.value))

    def __sub__(self, other: Self) -> Self:
        return self._new(self.at.fsub(self.value, other.value))

    def __mul__(self, other: Self) -> Self:
        return self._new(self.at.fmul(self.value, other.value))

    def __truediv__(self, other: Self) -> Self:
        return self._new(self.at.fdiv(self.value, other.value))

    def plus(self, a: Self, b: Self) -> Self:
        """Return this + a * b, rounded once where the processor can do that, as compiled.py allows it."""
        return self._new(self.at.fadd(self.value, self.at.fmul(a.value, b.value, flags=CONTRACT), flags=CONTRACT))

    def minus(self, a: Self, b: Self) -> Self:
        """Return this - a * b, rounded like plus()."""
        return self._new(self.at.fsub(self.value, self.at.fmul(a.value, b.value, flags=CONTRACT), flags=CONTRACT))

    def __neg__(self) -> Self:
        return self._new(self.at.fneg(self.value))

    def __gt__(self, other: Self) -> Self:
        return self._new(self.at.fcmp_ordered(">", self.value, other.value))

    def __and__(self, other: Self) -> Self:
        return self._new(self.at.and_(self.value, other.value))

    def same(self, other: Self) -> Self:
        """Return where two truths are equal."""
        return self._new(self.at.not_(self.at.xor(self.value, other.value)))

    def choose(self, yes: Self, no: Self) -> Self:
        """Return `yes` where this is true, else `no`."""
        return self._new(self.at.select(self.value, yes.value, no.value))


class Function:
    """A function over all lanes that is being written; `at` is where its body goes on."""

    def __init__(self, module: ir.Module, name: str) -> None:
        self.function = ir.Function(module, ir.FunctionType(ir.VoidType(), [INT] * ARGUMENTS), name)
        entry, body = self.function.append_basic_block(), self.function.append_basic_block()
        ir.IRBuilder(entry).branch(body)
        self.at = ir.IRBuilder(body)
        self._body, self._lane = body, self.at.phi(INT)
        self._lane.add_incoming(INT(0), entry)
        self.array: list[Any] = [self.at.add(base, self.at.mul(self._lane, INT(8))) for base in self.function.args]

    def pointer(self, array: int, slot: int, kind: ir.Type = VECTOR) -> Any:
        """Return the address of the lanes of a slot of an array."""
        return self.at.inttoptr(self.at.add(self.array[array], INT(8 * LANES * slot)), kind.as_pointer())

    def load(self, array: int, slot: int) -> Value:
        return Value(self.at, self.at.load(self.pointer(array, slot), align=8, typ=VECTOR))

    def store(self, value: Value, array: int, slot: int) -> None:
        self.at.store(value.value, self.pointer(array, slot), align=8)

    def number(self, value: float) -> Value:
        return Value(self.at, ir.Constant(VECTOR, [value] * WIDTH))

    @contextmanager
    def repeated(self, times: Any) -> Iterator[None]:
        """Write what follows as the body of a loop that runs once or more."""
        before, body = self.at.block, self.function.append_basic_block()
        self.at.branch(body)
        self.at.position_at_end(body)
        done = self.at.phi(INT)
        done.add_incoming(INT(0), before)
        yield
        following = self.at.add(done, INT(1))
        done.add_incoming(following, self.at.block)
        after = self.function.append_basic_block()
        self.at.cbranch(self.at.icmp_unsigned("<", following, times), body, after)
        self.at.position_at_end(after)

    def end(self) -> None:
        """Go on with the next lanes, or return."""
        following = self.at.add(self._lane, INT(WIDTH))
        self._lane.add_incoming(following, self.at.block)
        done = self.function.append_basic_block()
        self.at.cbranch(self.at.icmp_unsigned("<", following, INT(LANES)), self._body, done)
        ir.IRBuilder(done).ret_void()


def write_network(module: ir.Module, order: Elimination, n_edges: int) -> None:
    """Write conduct() and solve() of lanes.py. What is not yet needed is not yet computed: registers are few."""
    taps, per_tap, fixed, driver_S, drive_V, buffer_V, volts, sensed = range(8)
    code = Function(module, "network")
    n_nodes = order.position.size
    one, none, reached_S = code.number(1.0), code.number(0.0), code.number(REACHED_S)
    edges_of: dict[int, list[int]] = {}
    for i in range(n_edges):
        for slot in (order.edge_a[i], order.edge_b[i], order.edge_slot[i]):
            edges_of.setdefault(int(slot), []).append(i)

    @cache
    def edge_S(i: int) -> Value:
        return one / code.load(fixed, i).plus(code.load(taps, i), code.load(per_tap, i))

    matrix: dict[int, Value] = {}

    def has(slot: int) -> bool:
        """Return whether anything was added to the matrix element of a slot; begin it with its edges and driver."""
        if slot not in matrix and slot in edges_of:
            first, *others = (edge_S(i) for i in edges_of[slot])
            matrix[slot] = sum(others, first) + code.load(driver_S, slot) if slot < n_nodes else -sum(others, first)
        return slot in matrix

    current: dict[int, Value] = {}

    def ampere(k: int) -> Value:
        if k not in current:
            current[k] = code.load(drive_V, k) * code.load(driver_S, k)
        return current[k]

    inverse, lower, update = [], {}, 0
    for k in range(n_nodes):
        pivot = matrix[k] if has(k) else code.load(driver_S, k)
        inverse.append((pivot > reached_S).choose(one / pivot, none))
        for slot in range(order.first[k], order.first[k + 1]):
            row = int(order.row[slot])
            has(slot)
            lower[slot] = matrix[slot] * inverse[k]
            current[row] = ampere(row).minus(lower[slot], ampere(k))
            for other in range(slot, order.first[k + 1]):
                target = int(order.target[update])
                update += 1
                has(other)
                if has(target):
                    matrix[target] = matrix[target].minus(lower[slot], matrix[other])
                else:
                    matrix[target] = -(lower[slot] * matrix[other])
    for k in range(n_nodes - 1, -1, -1):
        solution = ampere(k) * inverse[k]
        for slot in range(order.first[k], order.first[k + 1]):
            solution = solution.minus(lower[slot], current[int(order.row[slot])])
        current[k] = solution
        code.store(solution, volts, k)
        code.store(solution + code.load(buffer_V, k), sensed, k)
    code.end()


class Comparators(NamedTuple):
    """What the code for all comparators depends on."""

    order: Elimination
    n_edges: int
    noise_V: float
    bias_V: float
    exact: bool  # neither comparators nor averagers have errors

    def margins(self, code: Function, i: int) -> tuple[Value, Value]:
        """Return what CMP and SGN of an edge compare with 0 V, but for noise and bias."""
        a, b = int(self.order.edge_a[i]), int(self.order.edge_b[i])
        free_a, free_b, clamped_a, clamped_b = (code.load(net, k) for net in (FREE_V, CLAMPED_V) for k in (a, b))
        drop = free_a - free_b
        cmp = (clamped_a - clamped_b - drop) * code.number(0.5)
        if self.exact:
            return cmp, drop
        cmp = cmp + code.load(OFFSET_V, i)
        cmp = cmp.plus(code.load(AVERAGER, i), clamped_a - free_b)
        cmp = cmp.minus(code.load(AVERAGER, self.n_edges + i), free_a - clamped_b)
        return cmp, drop + code.load(OFFSET_V, self.n_edges + i)

    def read(self, code: Function, generators: "_Generators", cmp: Value, sgn: Value) -> Value:
        """Return where the comparators of an edge say up, by its margins()."""
        tie_V = code.number(TIE_V)
        if self.noise_V:
            generators.advance()
            cmp, sgn = generators.shake(cmp, 6, abs(self.bias_V) + TIE_V), generators.shake(sgn, 2, TIE_V)
        above = sgn > tie_V
        if self.bias_V:
            cmp = cmp + above.choose(code.number(self.bias_V), code.number(-self.bias_V))
        return (cmp > tie_V).same(above)


FREE_V, CLAMPED_V, OFFSET_V, AVERAGER, STATE, QUANTILES, UPS, LAST = range(8)  # arguments of the next two


def write_compare(module: ir.Module, comparators: Comparators) -> None:
    """Write a number of readings with compare() of kernel.py: how often each edge would go up. LAST: the number."""
    code = Function(module, "compare")
    margins = [comparators.margins(code, i) for i in range(comparators.n_edges)]
    for i in range(comparators.n_edges):
        code.store(code.number(0.0), UPS, i)
    with code.repeated(code.function.args[LAST]):
        generators = _Generators(code, comparators.noise_V)
        for i, (cmp, sgn) in enumerate(margins):
            up = comparators.read(code, generators, cmp, sgn)
            code.store(code.load(UPS, i) + up.choose(code.number(1.0), code.number(0.0)), UPS, i)
    code.end()


def write_step(module: ir.Module, comparators: Comparators, limits: tuple[int, int]) -> None:
    """Write one reading, and the step of all edges that follows from it. LAST: the taps, which stay within limits."""
    code = Function(module, "step")
    one, none, low, top = (code.number(float(value)) for value in (1, 0, *limits))
    generators = _Generators(code, comparators.noise_V)
    for i in range(comparators.n_edges):
        up = comparators.read(code, generators, *comparators.margins(code, i))
        tap = code.load(LAST, i)
        higher, lower = tap + one, tap - one
        code.store(up.choose((top > higher).choose(higher, top), (lower > low).choose(lower, low)), LAST, i)
        code.store(up.choose(one, none), UPS, i)
    code.end()


class _Generators:
    """The generators of the lanes' noise (xorshift64, Marsaglia 2003) while a function is being written."""

    def __init__(self, code: Function, noise_V: float) -> None:
        self._code, self._noise_V = code, noise_V
        self._pointer = code.pointer(STATE, 0, INTS)
        self._numbers = code.at.load(self._pointer, align=8, typ=INTS)

    def advance(self) -> None:
        """Draw the next numbers."""
        at, x = self._code.at, self._numbers
        for shift, bits in ((at.shl, 13), (at.lshr, 7), (at.shl, 17)):
            x = at.xor(x, shift(x, ir.Constant(INTS, [bits] * WIDTH)))
        at.store(x, self._pointer, align=8)
        self._numbers = x

    def shake(self, volts: Value, byte: int, threshold_V: float) -> Value:
        """Return volts with noise by two bytes of the numbers, `byte` the first of them.

        threshold_V: how far from 0 V, either way, what the volts are compared with may be. Where the noise has no say,
        since all lanes are further from that than any noise, volts are returned as they are. That saves half of the
        look-ups or more.
        """
        code, at, reach_V = self._code, self._code.at, self._noise_V * FURTHEST + threshold_V
        near = (code.number(reach_V) > volts) & (volts > code.number(-reach_V))
        before = at.block
        with at.if_then(at.icmp_unsigned("!=", at.bitcast(near.value, BYTE), BYTE(0))):
            noisy = volts.plus(self._quantile(byte), code.number(self._noise_V))
            inside = at.block
        either = at.phi(VECTOR)
        either.add_incoming(volts.value, before)
        either.add_incoming(noisy.value, inside)
        return Value(at, either)

    def _quantile(self, byte: int) -> Value:
        """Look the bytes up. They are read from memory, which spares moving them out of vector registers."""
        at, found = self._code.at, ir.Constant(ir.VectorType(FLOAT, WIDTH), ir.Undefined)
        for lane in range(WIDTH):
            place = at.add(self._code.array[STATE], INT(8 * lane + byte))
            chosen = at.zext(at.load(at.inttoptr(place, SHORT.as_pointer()), typ=SHORT), INT)
            place = at.add(self._code.function.args[QUANTILES], at.mul(chosen, INT(4)))
            quantile = at.load(at.inttoptr(place, FLOAT.as_pointer()), align=4, typ=FLOAT)
            found = at.insert_element(found, quantile, INT(lane))
        return Value(at, at.fpext(found, VECTOR))


@cache
def generate(
    n_nodes: int,
    edges: tuple[tuple[int, int], ...],
    limits: tuple[int, int],
    noise_V: float,
    bias_V: float,
    exact: bool,
) -> StraightLine:
    """Return the functions of a graph, or NONE if it is too large; they stay loaded.

    limits: the smallest and the largest tap. noise_V and bias_V are those of Parts.
    """
    order = eliminate(n_nodes, edges)
    if order.target.size > MOST_UPDATES:
        return NONE
    module = ir.Module()
    write_network(module, order, len(edges))
    comparators = Comparators(order, len(edges), noise_V, bias_V, exact)
    write_compare(module, comparators)
    write_step(module, comparators, limits)
    return _compile(str(module))


def _compile(text: str) -> StraightLine:
    """Compile a module for this processor.

    The processor is the one that numba compiles for: it leaves AVX out where the system has none, and users can say
    (NUMBA_CPU_NAME, ..). With other features products would be rounded otherwise.
    """
    numbas: Any = codegen  # it has no types of its own
    numbas.initialize_llvm()
    features = numbas.get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=config.CPU_NAME or binding.get_host_cpu_name(), features=features, opt=3
    )
    module = binding.parse_assembly(text)
    module.verify()
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    _engines.append(engine)
    return StraightLine(*(FUNCTION(engine.get_function_address(name)) for name in StraightLine._fields))


_engines: list[Any] = []  # what is collected is unloaded
