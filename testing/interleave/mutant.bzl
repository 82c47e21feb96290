"""Tests in every order (orders.h), of the code as it is and with a bug in it."""

load("@rules_cc//cc:defs.bzl", "cc_test")

_SOURCES = [
    "//transport:call.cc",
    "//transport:call_error.cc",
    "//transport:gate.cc",
    "//transport:lock_table.cc",
    "//transport/fiber:poller.cc",
]

_TESTS = [
    "call_orders.cc",
    "checked_build.h",
    "model.h",
    "orders.h",
    "orders_test.cc",
    "park_orders.cc",
    "poller_orders.cc",
    "//transport:call.h",
    "//transport:gate.h",
    "//transport:lock_table.h",
    "//transport/fiber:park_state.h",
    "//transport/fiber:poller.h",
]

def orders_test(name, srcs = _SOURCES, tests = _TESTS, copts = [], **kwargs):
    """All ORDERS on `srcs`, compiled with atomics that can be watched."""
    cc_test(
        name = name,
        srcs = srcs + tests,
        copts = [
            "-include testing/interleave/checked_build.h",
            "-O2",
        ] + copts,
        deps = [
            ":checked",
            ":explorer",
            "//transport:clock",
            "//transport:descriptor_closing",
            "//transport:direction",
            "//transport:error",
            "//transport:park",
            "//transport:scope",
            "//transport:system_mutex",
            "//transport:wait_reason",
            "//transport:waiter",
            "@com_google_absl//absl/container:inlined_vector",
            "@com_google_absl//absl/functional:any_invocable",
            "@com_google_absl//absl/functional:function_ref",
            "@com_google_absl//absl/status:statusor",
            "@com_google_absl//absl/strings",
            "@com_google_absl//absl/time",
            "@com_google_googletest//:gtest_main",
        ],
        **kwargs
    )

def mutant_test(name, src, old, new):
    """Fails unless some of ORDERS notices `new` in the place of `old` in `src`."""
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
        srcs = [s for s in _SOURCES if s != src] + [":" + mutant],
        tests = [t for t in _TESTS if header or t != src],
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
