package dev.earshot.process;

import java.util.List;

/**
 * The rules of a stop, without threads or a clock: state x input x now gives the next state and
 * what to send. Times are {@code System.nanoTime} values, so deadlines are compared by subtraction.
 *
 * <p>The deadline is bound to the whole tree being empty, never to the leader's end.
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

    /** The stop signal went out; the tree has until the deadline. */
    record Stopping(long deadline) implements Timed {}

    /** KILL went out; at the deadline what lives is given up. */
    record Killing(long deadline) implements Timed {}

    /** The end. The tree is gone, or what is left of it was given up. */
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
    /** A look found nothing of the tree. */
    TREE_EMPTY,
    /** A look found members. */
    TREE_ALIVE,
    /** The deadline of the state has passed. */
    DEADLINE_PASSED
  }

  /** What to do to the tree. */
  enum Effect {
    /** The stop signal and CONT to the group, because a stop was asked for. */
    ASK,
    /** The same to members that are in no reach of the first. */
    ASK_REST,
    /** The same to all that the leader left behind. */
    ASK_LEFTOVER,
    /** STOP to all, so that none starts another, or hides one by its end. */
    FREEZE,
    /** KILL to all. */
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
            case TREE_EMPTY, TREE_ALIVE, DEADLINE_PASSED -> throw impossible(state, input);
          };

      case State.Lingering _ ->
          switch (input) {
            case TREE_EMPTY -> new Step(new State.Ended(true), List.of());
            case TREE_ALIVE -> ask(Effect.ASK_LEFTOVER, policy, now);
            case KILL_ASKED -> kill(policy, now);
            // The look that is due asks whoever is left, so that asking adds nothing.
            case STOP_ASKED -> stay(state);
            case LEADER_ENDED, DEADLINE_PASSED -> throw impossible(state, input);
          };

      case State.Stopping _ ->
          switch (input) {
            case TREE_EMPTY -> new Step(new State.Ended(true), List.of());
            case KILL_ASKED, DEADLINE_PASSED -> kill(policy, now);
            // Members outside the group have lost who would have ended them.
            case TREE_ALIVE -> new Step(state, List.of(Effect.ASK_REST));
            case STOP_ASKED, LEADER_ENDED -> stay(state);
          };

      case State.Killing _ ->
          switch (input) {
            case TREE_EMPTY -> new Step(new State.Ended(true), List.of());
            case DEADLINE_PASSED -> new Step(new State.Ended(false), List.of());
            // There may be new members since: every look that finds one kills again.
            case TREE_ALIVE -> new Step(state, List.of(Effect.KILL));
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

  /** Not frozen a third time: against one that always has a successor it would never end. */
  private static Step kill(StopPolicy policy, long now) {
    return new Step(
        new State.Killing(now + policy.killWait().toNanos()),
        List.of(Effect.FREEZE, Effect.FREEZE, Effect.KILL));
  }

  private static IllegalStateException impossible(State state, Input input) {
    return new IllegalStateException(input + " in " + state);
  }
}
