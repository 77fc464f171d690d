package dev.earshot.process;

/** A program that ignores one signal, sends it to itself, and dies of another. */
final class SignalMain {
  private SignalMain() {}

  public static void main(String[] args) {
    Signal ignored = Signal.valueOf(args[0]);
    OwnSignals.ignore(ignored);
    Libc.kill(ProcessHandle.current().pid(), ignored.number());
    System.out.println("alive");
    OwnSignals.dieOf(Signal.valueOf(args[1]));
  }
}
