# temporary
import tomllib, json
from types import SimpleNamespace as NS
from twinohm.resources import boards_file
from twinohm.errors import UsageError
import importlib.util
def gp(p): return int(p[2:])
class Board:
    def __init__(s,name,t):
        s.t=t; s.name=name; s.nodes=t['nodes']; s.edges=t['edges']; s.n_edges=len(s.edges)
        s.range_V=t['range_V']; s.settle_us=t['settle_us']; s.source_limit_mA=t['source_limit_mA']; s.edge_limit_mA=t['edge_limit_mA']; s.pulls=t['pulls']
        s.wired_free=t.get('wired_free',[]); s.wired_clamped=t.get('wired_clamped',[]); s.title=t['title']; s.planned=t.get('planned',False)
        s.pots=NS(**t['pots']); s.comparators=NS(**t['comparators']) if 'comparators' in t else None
        s.shift_in=NS(**t['shift_in']) if 'shift_in' in t else None
        s.shift_out=NS(**t['shift_out']) if 'shift_out' in t else None
        s.switches=NS(**t['switches']) if 'switches' in t else None
        s.i2c=NS(**t['i2c']); s.dac=NS(**t['dac'])
        s.adc=[NS(**{'mux':None,'sck':None,'cs':None,**a}) for a in t['adc']]
        s.edge_nodes=[tuple(s.nodes.index(x) for x in e.split('-')) for e in s.edges]
        fs=s.dac.full_scale_V; s.code_low=round(s.range_V[0]/fs*65536); s.code_span=round(s.range_V[1]/fs*65536)-s.code_low
        s.capabilities=NS(free_roles=s.switches is not None,opens_switches=s.switches is not None,reads_comparators=True,sets_direction=True,holds_edges=True,measures_free=[c.split('.')[0] for a in s.adc for c in a.channels if c.endswith('free')])
    def node_index(s,n): return s.nodes.index(n)
    def edge_index(s,e):
        e=e if '-' in e else '-'.join(e); return s.edges.index(e)
    def dac_code(s,v): return s.code_low+round(v/5*s.code_span)
    def task_volts(s,c): return 5*(c-s.code_low)/s.code_span
    def physical(s,v): return s.range_V[0]+v/5*(s.range_V[1]-s.range_V[0])
    def check_placement(s,i,o):
        for n in [*i,*o]:
            if n not in s.nodes: raise UsageError("no node "+n)
    def require_ready(s): pass
    def model_dump(s,mode=None): return s.t
    def firmware_config(s):
        return json.load(open(f'/tmp/cfg_{s.name}.json'))
def load_boards(p=None): return {k:Board(k,v) for k,v in tomllib.load(open(p or boards_file(),'rb')).items()}
def load_board(n,p=None): return load_boards(p)[n]
