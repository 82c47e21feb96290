# Every C++ file looks as .clang-format says.
check format xargs -a <(git ls-files '*.h' '*.cc') clang-format --dry-run -Werror
