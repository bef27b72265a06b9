"""In the spirit of the tutorial: a table of programs on sys_enter, one of them wired to the syscall
that the command line names, and its words through the kernel's trace pipe."""
import ctypes
import sys

from bcc import BPF

PROGRAM = """
BPF_PROG_ARRAY(table, 512);

int dispatch(struct bpf_raw_tracepoint_args *ctx)
{
	table.call(ctx, ctx->args[1]);
	return 0;
}

int routed(struct bpf_raw_tracepoint_args *ctx)
{
	bpf_trace_printk("a routed syscall");
	return 0;
}
"""

bpf = BPF(text=PROGRAM)
bpf.attach_raw_tracepoint(tp="sys_enter", fn_name="dispatch")
routed = bpf.load_func("routed", BPF.RAW_TRACEPOINT)
bpf["table"][ctypes.c_int(int(sys.argv[1]))] = ctypes.c_int(routed.fd)
print("ready", flush=True)
bpf.trace_print()
