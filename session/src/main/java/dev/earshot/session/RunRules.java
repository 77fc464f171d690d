package dev.earshot.session;

/** Which run comes next, without threads: state x input gives the next state. */
final class RunRules {
  private RunRules() {}

  /** Where the runs of a session are; they are counted from 1. */
  sealed interface State {
    /** The run is to be started, or its start is under way. */
    record Launching(int run) implements State {}

    /** The command runs. */
    record Running(int run) implements State {}

    /** The command ended by itself, its tree is not gone yet, and the session will stay. */
    record Lingering(int run) implements State {}

    /** The run before is being ended; this one is next. */
    record Restarting(int run) implements State {}

    /** This run was the last so far, and nothing of it is left. */
    record Idle(int run) implements State {}

    /** No run will begin any more. */
    record Stopping() implements State {}
  }

  /** What can happen, other than that a restart is asked for. */
  enum Input {
    /** The command runs. */
    STARTED,
    /** The command itself ended, whatever for, or could not be started. */
    EXITED,
    /** The same, and Earshot does not know how, or could not end it. */
    LOST,
    /** Nothing of the run is left. */
    ENDED,
    /** The session is to stop. */
    STOP_ASKED
  }

  /** What comes of asking for a restart. */
  record Asked(State next, RestartAnswer answer) {}

  static State step(State state, Input input, AfterEnd afterEnd) {
    if (input == Input.STOP_ASKED) {
      return new State.Stopping();
    }
    return switch (state) {
      case State.Launching(int run) ->
          switch (input) {
            case STARTED -> new State.Running(run);
            // There is no session to stay open for a command that never ran.
            case EXITED -> run == 1 ? new State.Stopping() : afterExit(run, afterEnd);
            case LOST -> new State.Stopping();
            case ENDED, STOP_ASKED -> throw impossible(state, input);
          };

      case State.Running(int run) ->
          switch (input) {
            case EXITED -> afterExit(run, afterEnd);
            case LOST -> new State.Stopping();
            case STARTED, ENDED, STOP_ASKED -> throw impossible(state, input);
          };

      case State.Lingering(int run) ->
          switch (input) {
            case ENDED -> new State.Idle(run);
            case STARTED, EXITED, LOST, STOP_ASKED -> throw impossible(state, input);
          };

      case State.Restarting(int next) ->
          switch (input) {
            case EXITED -> state;
            case ENDED -> new State.Launching(next);
            case LOST -> new State.Stopping();
            case STARTED, STOP_ASKED -> throw impossible(state, input);
          };

      case State.Idle _ -> throw impossible(state, input);

      // The last run goes through its end.
      case State.Stopping _ -> state;
    };
  }

  static Asked restart(State state) {
    return switch (state) {
      case State.Running(int run) -> accepted(run + 1, new State.Restarting(run + 1));
      case State.Lingering(int run) -> accepted(run + 1, new State.Restarting(run + 1));
      case State.Idle(int run) -> accepted(run + 1, new State.Launching(run + 1));

      case State.Launching(int run) when run == 1 ->
          refused(state, "the command has not started yet; try again once it runs");
      case State.Launching _, State.Restarting _ ->
          refused(state, "a restart is already under way; try again once the command runs");
      case State.Stopping _ ->
          refused(state, "the session is stopping or has ended; start a new session");
    };
  }

  private static State afterExit(int run, AfterEnd afterEnd) {
    return switch (afterEnd) {
      case END_SESSION -> new State.Stopping();
      case STAY_OPEN -> new State.Lingering(run);
    };
  }

  private static Asked accepted(int run, State next) {
    return new Asked(next, new RestartAnswer.Accepted(run));
  }

  private static Asked refused(State state, String why) {
    return new Asked(state, new RestartAnswer.Refused("cannot restart: " + why));
  }

  private static IllegalStateException impossible(State state, Input input) {
    return new IllegalStateException(input + " in " + state);
  }
}
