"""What a WORKSPACE calls to build Plumb on Debian's packages."""

load(":debian.bzl", "debian_abseil", "debian_benchmark", "debian_boost_context", "debian_googletest", "debian_protobuf")
load(":debian_bazel.bzl", "debian_rules", "no_coverage_tools", "native_rules_cc")

def plumb_repositories():
    """Defines each repository that the WORKSPACE has not defined before."""
    _maybe(debian_boost_context, "boost.context")
    _maybe(debian_abseil, "com_google_absl")
    _maybe(debian_benchmark, "com_github_google_benchmark")
    _maybe(debian_googletest, "com_google_googletest")
    _maybe(debian_protobuf, "com_google_protobuf")

    # Bazel itself would download these.
    _maybe(native_rules_cc, "rules_cc")
    _maybe(no_coverage_tools, "remote_coverage_tools")
    _maybe(debian_rules, "bazel_skylib", path = "/usr/share/bazel/tools/skylib")
    _maybe(debian_rules, "platforms", path = "/usr/share/bazel/tools/platforms")
    _maybe(debian_rules, "rules_java", path = "/usr/share/bazel/rules/java")
    _maybe(debian_rules, "rules_proto", path = "/usr/share/bazel/rules/proto")

def _maybe(rule, name, **kwargs):
    if not native.existing_rule(name):
        rule(name = name, **kwargs)
