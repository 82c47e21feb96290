"""The sources of the fake network with bugs in them."""

def _seeded_sources_impl(ctx):
    copies = [ctx.actions.declare_file("seeded/" + src.basename) for src in ctx.files.srcs]
    ctx.actions.run_shell(
        inputs = ctx.files.srcs + [ctx.file.bugs, ctx.file.tool],
        outputs = copies,
        arguments = [ctx.file.tool.path, ctx.file.bugs.path, copies[0].dirname] +
                    [src.path for src in ctx.files.srcs],
        command = "perl \"$@\"",
        mnemonic = "SeedBugs",
    )
    return [DefaultInfo(files = depset(copies))]

seeded_sources = rule(
    implementation = _seeded_sources_impl,
    doc = "Copies `srcs` to seeded/, with the `bugs`.",
    attrs = {
        "bugs": attr.label(allow_single_file = True, mandatory = True),
        "srcs": attr.label_list(allow_files = True, mandatory = True),
        "tool": attr.label(allow_single_file = True, default = ":seed_bugs.pl"),
    },
)
