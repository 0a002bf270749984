twinohm: fault = 'noisy:supply=1e9': 1e+09 is no such fault: more than 0 and at most 5 V; write for example noisy:supply=0.03
