"""Tests in every order (orders.h), of the code as it is and with a bug in it."""

load("@rules_cc//cc:defs.bzl", "cc_test")

# What is compiled with atomics that can be watched, and what runs it: calls,
# and what waits in a list.
CALLS = struct(
    sources = [
        "//transport:call.cc",
        "//transport:call_error.cc",
        "//transport:gate.cc",
        "//transport:lock_table.cc",
        "//transport/fiber:poller.cc",
    ],
    tests = [
        "call_orders.cc",
        "checked_build.h",
        "model.h",
        "orders.h",
        "orders_test.cc",
        "park_orders.cc",
        "poller_orders.cc",
        "//transport:call.h",
        "//transport:call_state.h",
        "//transport:gate.h",
        "//transport:lock_table.h",
        "//transport/fiber:park_state.h",
        "//transport/fiber:poller.h",
    ],
    deps = [
        "//transport:addr",
        "//transport:descriptor_closing",
        "//transport:direction",
        "//transport:held_mutex",
        "//transport:park",
    ],
)

SYNC = struct(
    sources = [
        "//transport:channel_base.cc",
        "//transport:cond_var.cc",
        "//transport:event.cc",
        "//transport:lock_table.cc",
        "//transport:mutex.cc",
        "//transport:park.cc",
        "//transport:selection.cc",
        "//transport:semaphore.cc",
        "//transport:wait_queue.cc",
    ],
    tests = [
        "channel_orders.cc",
        "checked_build.h",
        "model.h",
        "orders.h",
        "orders_test.cc",
        "sync_orders.cc",
        "//transport:channel.h",
        "//transport:channel_base.h",
        "//transport:cond_var.h",
        "//transport:event.h",
        "//transport:lock_table.h",
        "//transport:mutex.h",
        "//transport:park.h",
        "//transport:select.h",
        "//transport:selection.h",
        "//transport:semaphore.h",
        "//transport:wait_queue.h",
        "//transport/fiber:park_state.h",
    ],
    deps = [
        "//transport:held_mutex",
        "//transport:linked_list",
        "@com_google_absl//absl/types:span",
    ],
)

def orders_test(name, subject = CALLS, srcs = None, tests = None, copts = [], **kwargs):
    """All ORDERS of `subject`, with others in place of its sources and tests."""
    cc_test(
        name = name,
        srcs = (srcs or subject.sources) + (tests or subject.tests),
        copts = [
            "-include testing/interleave/checked_build.h",
            "-O2",
        ] + copts,
        deps = subject.deps + [
            ":checked",
            ":explorer",
            "//transport:clock",
            "//transport:error",
            "//transport:scope",
            "//transport:system_mutex",
            "//transport:wait_reason",
            "//transport:waiter",
            "@com_google_absl//absl/container:inlined_vector",
            "@com_google_absl//absl/functional:any_invocable",
            "@com_google_absl//absl/functional:function_ref",
            "@com_google_absl//absl/status",
            "@com_google_absl//absl/status:statusor",
            "@com_google_absl//absl/strings",
            "@com_google_absl//absl/time",
            "@com_google_googletest//:gtest_main",
        ],
        **kwargs
    )

def mutant_test(name, src, old, new, subject = CALLS):
    """Fails unless some of ORDERS notices `new` in the place of `old` in `src`."""
    if src not in subject.sources + subject.tests:
        fail("%s is not part of the subject" % src)
    header = src.endswith(".h")
    mutant = name + (".h" if header else ".cc")
    native.genrule(
        name = name + "_source",
        testonly = True,
        srcs = [src],
        outs = [mutant],
        cmd = "OLD='%s' NEW='%s' perl -0pe 's/\\Q$$ENV{OLD}\\E/$$ENV{NEW}/' $< >$@ && ! cmp -s $< $@" % (old, new),
    )
    orders_test(
        name = name,
        size = "small",
        subject = subject,
        srcs = [s for s in subject.sources if s != src] + [":" + mutant],
        tests = [t for t in subject.tests if header or t != src],
        # Its guard keeps the right one out. What is around the bug may be left
        # without a use.
        copts = (["-include $(execpath :%s)" % mutant] if header else []) + [
            "-DPLUMB_MUTANT",
            "-w",
        ],
        # What the bug leaves behind is no news.
        tags = [
            "no_asan",
            "no_tsan",
        ],
    )
