package dev.earshot.process;

import java.util.List;

/**
 * What to do about a running command, as a function: state and input in, state and actions out. It
 * needs neither a thread nor a clock; times are {@link System#nanoTime} values and are compared by
 * subtraction. The deadline of a stop is bound to the group being empty, never to the leader's exit.
 */
final class StopRules {
  private StopRules() {}

  /** Where a command is on its way to its end. */
  sealed interface State {
    /** Nobody asked it to stop. */
    record Running() implements State {}

    /** The stop signal is sent; at the deadline follows KILL. */
    record Stopping(long deadline) implements State, Timed {}

    /** KILL is sent; at the deadline what is left is given up. */
    record Killing(long deadline) implements State, Timed {}

    /** Nothing is left, or nothing more can be done. */
    record Ended() implements State {}
  }

  /** A state with a deadline. */
  sealed interface Timed {
    long deadline();
  }

  /** What happens. */
  sealed interface Input {
    /** A stop is asked for. */
    record StopAsked() implements Input {}

    /** A kill is asked for. */
    record KillAsked() implements Input {}

    /** The leader has ended and left others of its group behind. */
    record LeftBehind() implements Input {}

    /** The leader has ended and its group is empty. */
    record GroupEmpty() implements Input {}

    /** The deadline of the state has passed. */
    record DeadlinePassed() implements Input {}
  }

  /** What to do, in this order. */
  sealed interface Action {
    /** Send the stop signal, then CONT, to the group. */
    record Terminate(ProcessEvent.Why why) implements Action {}

    /** Send KILL to the group. */
    record Kill() implements Action {}
  }

  /** The next state, and what to do now. */
  record Step(State next, List<Action> actions) {}

  private record On(State state, Input input) {}

  static Step step(State state, Input input, StopPolicy policy, long now) {
    return switch (new On(state, input)) {
      case On(State.Ended _, _) -> stay(state);
      case On(_, Input.GroupEmpty _) -> new Step(new State.Ended(), List.of());

      case On(State.Running _, Input.StopAsked _) -> stop(ProcessEvent.Why.STOP, policy, now);
      case On(State.Running _, Input.LeftBehind _) -> stop(ProcessEvent.Why.LEFTOVER, policy, now);
      case On(State.Running _, Input.KillAsked _) -> kill(policy, now);

      // Asking again changes nothing; killing is asked for by name, or comes with the deadline.
      case On(State.Stopping _, Input.StopAsked _) -> stay(state);
      case On(State.Stopping _, Input.LeftBehind _) -> stay(state);
      case On(State.Stopping _, Input.KillAsked _) -> kill(policy, now);
      case On(State.Stopping _, Input.DeadlinePassed _) -> kill(policy, now);

      case On(State.Killing _, Input.StopAsked _) -> stay(state);
      case On(State.Killing _, Input.KillAsked _) -> stay(state);
      // Who joined the group after the KILL, or was made while it was sent, gets one, too.
      case On(State.Killing _, Input.LeftBehind _) -> new Step(state, List.of(new Action.Kill()));
      case On(State.Killing _, Input.DeadlinePassed _) -> new Step(new State.Ended(), List.of());

      case On(State.Running _, Input.DeadlinePassed _) ->
          throw new IllegalStateException("Running has no deadline");
    };
  }

  private static Step stop(ProcessEvent.Why why, StopPolicy policy, long now) {
    if (policy.stopSignal() == Signal.KILL) {
      return kill(policy, now);
    }
    return new Step(
        new State.Stopping(now + policy.grace().toNanos()), List.of(new Action.Terminate(why)));
  }

  private static Step kill(StopPolicy policy, long now) {
    return new Step(
        new State.Killing(now + policy.killWait().toNanos()), List.of(new Action.Kill()));
  }

  private static Step stay(State state) {
    return new Step(state, List.of());
  }
}
