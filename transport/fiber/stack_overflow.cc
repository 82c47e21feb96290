#include "transport/fiber/stack_overflow.h"

#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace plumb {
namespace {

bool (*describe_overflow)(const void*, StackOverflow*);
struct sigaction before;

// What follows is called in a signal handler: no allocation, no stdio.
void Write(const char* text) {
  (void)!write(STDERR_FILENO, text, std::strlen(text));
}

void WriteNumber(size_t number) {
  char digits[24];
  char* at = digits + sizeof digits;
  *--at = '\0';
  do {
    *--at = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  Write(at);
}

void Report(const StackOverflow& overflow) {
  Write("plumb: stack overflow in fiber \"");
  Write(overflow.name == nullptr ? "" : overflow.name);
  Write("\": it has ");
  WriteNumber(overflow.stack_size / 1024);
  Write(" KiB; RuntimeOptions::stack_size gives more\n");
}

// As it would have been without Handle: an access is tried again on return, and
// ends the program; what somebody sent has to be sent again.
void LeaveToTheSystem(int signal, bool was_sent) {
  if (was_sent && before.sa_handler == SIG_IGN) return;
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  if (was_sent) raise(signal);
}

void Handle(int signal, siginfo_t* info, void* context) {
  const bool was_sent = info->si_code <= 0;  // by kill(2) and its like
  StackOverflow overflow;
  if (!was_sent && describe_overflow(info->si_addr, &overflow)) {
    Report(overflow);
  }
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(signal, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(signal);
  } else {
    LeaveToTheSystem(signal, was_sent);
  }
}

bool Install() {
  struct sigaction action = {};
  action.sa_sigaction = Handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  return sigaction(SIGSEGV, &action, &before) == 0;
}

constexpr size_t kSignalStackSize = 64 * 1024;

}  // namespace

void CatchStackOverflow(bool (*describe)(const void*, StackOverflow*)) {
  static const bool installed = [describe] {
    describe_overflow = describe;
    return Install();
  }();
  (void)installed;
}

SignalStack::SignalStack() {
  stack_t now;
  if (sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) {
    return;
  }
  memory_ = new char[kSignalStackSize];
  stack_t stack = {};
  stack.ss_sp = memory_;
  stack.ss_size = kSignalStackSize;
  sigaltstack(&stack, nullptr);
}

SignalStack::~SignalStack() {
  if (memory_ == nullptr) return;
  stack_t none = {};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
  delete[] memory_;
}

}  // namespace plumb
