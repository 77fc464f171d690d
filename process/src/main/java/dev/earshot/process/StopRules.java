package dev.earshot.process;

import java.util.List;

/**
 * The rules of a stop, without threads or a clock: state x input x now gives the next state and
 * what to send. Times are {@code System.nanoTime} values, so deadlines are compared by subtraction.
 *
 * <p>The deadline is bound to the whole group being empty, never to the leader's end.
 */
final class StopRules {
  private StopRules() {}

  /** Where a command is on its way to its end. */
  sealed interface State {
    /** A state that ends by itself when its deadline passes. */
    sealed interface Timed extends State {
      long deadline();
    }

    /** The leader lives, and nobody asked for a stop. */
    record Running() implements State {}

    /** The leader ended by itself; whether members are left is not known yet. */
    record Lingering() implements State {}

    /** The stop signal went out; the group has until the deadline. */
    record Stopping(long deadline) implements Timed {}

    /** KILL went out; at the deadline what lives is given up. */
    record Killing(long deadline) implements Timed {}

    /** The end. The group is empty, or was given up. */
    record Ended(boolean empty) implements State {}
  }

  /** What can happen. */
  enum Input {
    /** Someone asks for a stop. */
    STOP_ASKED,
    /** Someone asks for the end at once. */
    KILL_ASKED,
    /** The leader ended, or its status was lost. */
    LEADER_ENDED,
    /** After the leader's end, a look found nobody in the group. */
    GROUP_EMPTY,
    /** After the leader's end, a look found members. */
    GROUP_ALIVE,
    /** The deadline of the state has passed. */
    DEADLINE_PASSED
  }

  /** What to send to the group. */
  enum Effect {
    /** The stop signal and CONT, because a stop was asked for. */
    ASK,
    /** The same to what the leader left behind. */
    ASK_LEFTOVER,
    /** KILL. */
    KILL
  }

  record Step(State next, List<Effect> effects) {}

  static Step step(State state, Input input, StopPolicy policy, long now) {
    return switch (state) {
      case State.Ended _ -> stay(state);

      case State.Running _ ->
          switch (input) {
            case STOP_ASKED -> ask(Effect.ASK, policy, now);
            case KILL_ASKED -> kill(policy, now);
            case LEADER_ENDED -> new Step(new State.Lingering(), List.of());
            case GROUP_EMPTY, GROUP_ALIVE, DEADLINE_PASSED -> throw impossible(state, input);
          };

      case State.Lingering _ ->
          switch (input) {
            case GROUP_EMPTY -> new Step(new State.Ended(true), List.of());
            case GROUP_ALIVE -> ask(Effect.ASK_LEFTOVER, policy, now);
            case KILL_ASKED -> kill(policy, now);
            // The look that is due asks whoever is left, so that asking adds nothing.
            case STOP_ASKED -> stay(state);
            case LEADER_ENDED, DEADLINE_PASSED -> throw impossible(state, input);
          };

      case State.Stopping _ ->
          switch (input) {
            case GROUP_EMPTY -> new Step(new State.Ended(true), List.of());
            case KILL_ASKED, DEADLINE_PASSED -> kill(policy, now);
            case STOP_ASKED, LEADER_ENDED, GROUP_ALIVE -> stay(state);
          };

      case State.Killing _ ->
          switch (input) {
            case GROUP_EMPTY -> new Step(new State.Ended(true), List.of());
            case DEADLINE_PASSED -> new Step(new State.Ended(false), List.of());
            // A process may have joined the group since: every look that finds one kills again.
            case GROUP_ALIVE -> new Step(state, List.of(Effect.KILL));
            case STOP_ASKED, KILL_ASKED, LEADER_ENDED -> stay(state);
          };
    };
  }

  private static Step stay(State state) {
    return new Step(state, List.of());
  }

  private static Step ask(Effect how, StopPolicy policy, long now) {
    return policy.stopSignal() == Signal.KILL
        ? kill(policy, now)
        : new Step(new State.Stopping(now + policy.grace().toNanos()), List.of(how));
  }

  private static Step kill(StopPolicy policy, long now) {
    return new Step(new State.Killing(now + policy.killWait().toNanos()), List.of(Effect.KILL));
  }

  private static IllegalStateException impossible(State state, Input input) {
    return new IllegalStateException(input + " in " + state);
  }
}
