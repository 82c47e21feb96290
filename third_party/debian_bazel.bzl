"""Rule sets that Bazel 4.2.3 would download, made of what Debian installs."""

# Debian's own rules_cc is too new for Debian's Bazel, whose native rules do.
_RULES_CC = """
cc_binary = native.cc_binary
cc_import = native.cc_import
cc_library = native.cc_library
cc_proto_library = native.cc_proto_library
cc_test = native.cc_test
cc_toolchain = native.cc_toolchain
cc_toolchain_suite = native.cc_toolchain_suite
"""

def _native_rules_cc_impl(ctx):
    ctx.file("cc/BUILD.bazel")
    ctx.file("cc/defs.bzl", _RULES_CC)

native_rules_cc = repository_rule(_native_rules_cc_impl)

# cc_test names these two whether or not coverage is asked for.
_COVERAGE_TOOLS = """
[sh_binary(
    name = tool,
    srcs = ["nothing.sh"],
    visibility = ["//visibility:public"],
) for tool in ["coverage_report_generator", "lcov_merger"]]
"""

def _no_coverage_tools_impl(ctx):
    ctx.file("BUILD.bazel", _COVERAGE_TOOLS)
    ctx.file("nothing.sh", "#!/bin/sh\n")

no_coverage_tools = repository_rule(_no_coverage_tools_impl)

def debian_rules(name, path):
    """A rule set that a Debian package installs at path."""
    native.local_repository(name = name, path = path)
