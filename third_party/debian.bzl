"""Debian's -dev packages under the labels that upstream's own BUILD files use.

Headers need no mention, since /usr/include is on the compiler's path; so a
target here is a name for what the linker has to be told.
"""

def _pkg_config(ctx, *args):
    """Returns what `pkg-config args` prints; package is what to install."""
    result = ctx.execute(["pkg-config"] + list(args))
    if result.return_code:
        fail("%s: %s\nthird_party/install.sh installs it." % (ctx.name, result.stderr))
    return result.stdout.strip()

def _pkg_config_libs(ctx, *packages):
    return repr(_pkg_config(ctx, "--libs", *packages).split(" "))

# Abseil: package -> public targets, "target=file" where the pkg-config file is
# not named absl_<target>.
_ABSEIL = {
    "algorithm": ["algorithm", "container=algorithm_container"],
    "base": ["base", "config", "core_headers", "dynamic_annotations", "log_severity"],
    "cleanup": ["cleanup"],
    "container": [
        "btree",
        "fixed_array",
        "flat_hash_map",
        "flat_hash_set",
        "inlined_vector",
        "node_hash_map",
        "node_hash_set",
    ],
    "debugging": ["failure_signal_handler", "leak_check", "stacktrace", "symbolize"],
    "flags": [
        "commandlineflag=flags_commandlineflag",
        "config=flags_config",
        "flag=flags",
        "marshalling=flags_marshalling",
        "parse=flags_parse",
        "reflection=flags_reflection",
        "usage=flags_usage",
    ],
    "functional": ["any_invocable", "bind_front", "function_ref"],
    "hash": ["hash", "hash_testing=hash"],
    "memory": ["memory"],
    "meta": ["type_traits"],
    "numeric": ["bits", "int128"],
    "random": [
        "bit_gen_ref=random_bit_gen_ref",
        "distributions=random_distributions",
        "random=random_random",
        "seed_gen_exception=random_seed_gen_exception",
        "seed_sequences=random_seed_sequences",
    ],
    "status": ["status", "statusor"],
    "strings": ["cord", "str_format", "strings"],
    "synchronization": ["synchronization"],
    "time": ["time"],
    "types": [
        "any",
        "bad_any_cast",
        "bad_optional_access",
        "bad_variant_access",
        "compare",
        "optional",
        "span",
        "variant",
    ],
    "utility": ["utility"],
}

_ABSEIL_LIBRARY = """
cc_library(
    name = "{name}",
    linkopts = {linkopts},
    visibility = ["//absl:__subpackages__"],
    deps = {deps},
)
"""

_ALIAS = """
alias(
    name = "{name}",
    actual = "{actual}",
    visibility = ["//visibility:public"],
)
"""

def _debian_abseil_impl(ctx):
    # One library for each pkg-config file, so that the linker hears of each once.
    folder = ctx.path(_pkg_config(ctx, "--variable=pcfiledir", "absl_base"))
    libraries = []
    for file in folder.readdir():
        if file.basename.startswith("absl_") and file.basename.endswith(".pc"):
            libraries.append(_abseil_library(file.basename[:-len(".pc")], ctx.read(file)))
    ctx.file("BUILD.bazel", "".join(libraries))

    for package, targets in _ABSEIL.items():
        aliases = []
        for target in targets:
            name, _, file = target.partition("=")
            aliases.append(_ALIAS.format(name = name, actual = "//:absl_" + (file or name)))
        ctx.file("absl/%s/BUILD.bazel" % package, "".join(aliases))

def _abseil_library(name, pkg_config):
    fields = {}
    for line in pkg_config.splitlines():
        key, _, value = line.partition(": ")
        fields[key] = value
    return _ABSEIL_LIBRARY.format(
        name = name,
        linkopts = [flag for flag in fields["Libs"].split(" ") if flag and not flag.startswith("-L")],
        deps = [":" + requirement.split(" ")[0] for requirement in fields.get("Requires", "").split(", ") if requirement],
    )

debian_abseil = repository_rule(_debian_abseil_impl, local = True)

_BENCHMARK = """
cc_library(
    name = "benchmark",
    linkopts = {benchmark},
    visibility = ["//visibility:public"],
)

cc_library(
    name = "benchmark_main",
    linkopts = ["-lbenchmark_main"],
    visibility = ["//visibility:public"],
    deps = [":benchmark"],
)
"""

def _debian_benchmark_impl(ctx):
    ctx.file("BUILD.bazel", _BENCHMARK.format(benchmark = _pkg_config_libs(ctx, "benchmark")))

debian_benchmark = repository_rule(_debian_benchmark_impl, local = True)

# Compiled from the sources that libgtest-dev and libgmock-dev bring along, since GoogleTest
# wants the flags of the program it is in (sanitizers, exceptions).
_GOOGLETEST = """
cc_library(
    name = "gtest",
    srcs = [
        "googlemock/src/gmock-all.cc",
        "googletest/src/gtest-all.cc",
    ],
    includes = ["googlemock", "googletest"],
    linkopts = ["-pthread"],
    textual_hdrs = glob(
        ["*/src/*"],
        exclude = ["*/src/*_main.cc", "*/src/*-all.cc"],
    ),
    visibility = ["//visibility:public"],
)

cc_library(
    name = "gtest_main",
    srcs = ["googlemock/src/gmock_main.cc"],
    visibility = ["//visibility:public"],
    deps = [":gtest"],
)
"""

def _debian_googletest_impl(ctx):
    for part in ["googlemock", "googletest"]:
        ctx.symlink("/usr/src/googletest/%s/src" % part, part + "/src")
    ctx.file("BUILD.bazel", _GOOGLETEST)

debian_googletest = repository_rule(_debian_googletest_impl, local = True)

_PROTOBUF = """
exports_files(["protoc"])

cc_library(
    name = "protobuf",
    linkopts = {protobuf},
    visibility = ["//visibility:public"],
)

cc_library(
    name = "protobuf_lite",
    linkopts = {protobuf_lite},
    visibility = ["//visibility:public"],
)

# Where cc_proto_library looks for the compiler and the runtime.
proto_lang_toolchain(
    name = "cc_toolchain",
    blacklisted_protos = [":{{}}_proto".format(name) for name in {well_known}],
    command_line = "--cpp_out=$(OUT)",
    runtime = ":protobuf",
    visibility = ["//visibility:public"],
)

[proto_library(
    name = name + "_proto",
    srcs = ["google/protobuf/%s.proto" % name],
    visibility = ["//visibility:public"],
) for name in {well_known}]
"""

# Those without imports, whose code is in libprotobuf.
_WELL_KNOWN = ["any", "descriptor", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"]

def _debian_protobuf_impl(ctx):
    protoc = ctx.which("protoc")
    if not protoc:
        fail("protoc is missing; third_party/install.sh installs it.")
    ctx.symlink(protoc, "protoc")
    for name in _WELL_KNOWN:
        file = "google/protobuf/%s.proto" % name
        ctx.symlink(_pkg_config(ctx, "--variable=includedir", "protobuf") + "/" + file, file)
    ctx.file("BUILD.bazel", _PROTOBUF.format(
        protobuf = _pkg_config_libs(ctx, "protobuf"),
        protobuf_lite = _pkg_config_libs(ctx, "protobuf-lite"),
        well_known = _WELL_KNOWN,
    ))

    # Where protobuf keeps its rules today.
    ctx.file("bazel/BUILD.bazel")
    for rule in ["cc_proto_library", "proto_library"]:
        ctx.file("bazel/%s.bzl" % rule, "{0} = native.{0}\n".format(rule))

debian_protobuf = repository_rule(_debian_protobuf_impl, local = True)

# Has no pkg-config file.
_BOOST_CONTEXT = """
cc_library(
    name = "boost.context",
    linkopts = ["-lboost_context"],
    visibility = ["//visibility:public"],
)
"""

def _debian_boost_context_impl(ctx):
    if not ctx.path("/usr/include/boost/context/fiber.hpp").exists:
        fail("Boost.Context is missing; third_party/install.sh installs it.")
    ctx.file("BUILD.bazel", _BOOST_CONTEXT)

debian_boost_context = repository_rule(_debian_boost_context_impl, local = True)
