package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.session.RunRules.Input;
import dev.earshot.session.RunRules.State;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The whole table of what comes after what. */
class RunRulesTest {
  private static final State STOPPING = new State.Stopping();

  private static final List<State> ALL =
      List.of(
          new State.Launching(1),
          new State.Launching(2),
          new State.Running(2),
          new State.Lingering(2),
          new State.Restarting(3),
          new State.Idle(2),
          STOPPING);

  /** What is the same whatever becomes of a session at its command's end. */
  private static final Map<State, Map<Input, State>> COMMON =
      Map.of(
          new State.Launching(1),
          Map.of(Input.STARTED, new State.Running(1), Input.EXITED, STOPPING, Input.LOST, STOPPING),
          new State.Launching(2),
          Map.of(Input.STARTED, new State.Running(2), Input.LOST, STOPPING),
          new State.Running(2),
          Map.of(Input.LOST, STOPPING),
          new State.Lingering(2),
          Map.of(Input.ENDED, new State.Idle(2)),
          new State.Restarting(3),
          Map.of(
              Input.EXITED,
              new State.Restarting(3),
              Input.ENDED,
              new State.Launching(3),
              Input.LOST,
              STOPPING),
          new State.Idle(2),
          Map.of(),
          STOPPING,
          Map.of(
              Input.STARTED,
              STOPPING,
              Input.EXITED,
              STOPPING,
              Input.LOST,
              STOPPING,
              Input.ENDED,
              STOPPING));

  @ParameterizedTest
  @EnumSource
  void eachInputHasItsNextStateOrIsImpossible(AfterEnd afterEnd) {
    State afterExit =
        switch (afterEnd) {
          case END_SESSION -> STOPPING;
          case STAY_OPEN -> new State.Lingering(2);
        };
    for (State state : ALL) {
      for (Input input : Input.values()) {
        boolean byPlan =
            input == Input.EXITED
                && (state.equals(new State.Running(2)) || state.equals(new State.Launching(2)));
        State expected = byPlan ? afterExit : COMMON.getOrDefault(state, Map.of()).get(input);
        if (input == Input.STOP_ASKED) {
          assertThat(RunRules.step(state, input, afterEnd)).isEqualTo(STOPPING);
        } else if (expected == null) {
          assertThatThrownBy(() -> RunRules.step(state, input, afterEnd))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining(input.name());
        } else {
          assertThat(RunRules.step(state, input, afterEnd))
              .as(input + " in " + state)
              .isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void aRestartIsAcceptedOnceTheCommandRunsOrHasEnded() {
    assertThat(RunRules.restart(new State.Running(1)))
        .isEqualTo(accepted(new State.Restarting(2), 2));
    assertThat(RunRules.restart(new State.Lingering(4)))
        .isEqualTo(accepted(new State.Restarting(5), 5));
    assertThat(RunRules.restart(new State.Idle(7))).isEqualTo(accepted(new State.Launching(8), 8));
  }

  @Test
  void aRefusalChangesNothingAndSaysWhy() {
    refused(new State.Launching(1), "has not started yet");
    refused(new State.Launching(2), "already under way");
    refused(new State.Restarting(2), "already under way");
    refused(STOPPING, "stopping or has ended");
  }

  private static RunRules.Asked accepted(State next, int run) {
    return new RunRules.Asked(next, new RestartAnswer.Accepted(run));
  }

  private static void refused(State state, String why) {
    RunRules.Asked asked = RunRules.restart(state);
    assertThat(asked.next()).isEqualTo(state);
    assertThat(asked.answer())
        .isInstanceOfSatisfying(
            RestartAnswer.Refused.class,
            refusal ->
                assertThat(refusal.why()).startsWith("cannot restart: ").contains(why, "; "));
  }
}
