package dev.earshot.session;

import dev.earshot.process.ProcessResult;
import dev.earshot.proxy.ProxyEnd;

/** What the owner thread of a session is told. */
sealed interface SessionInput {
  record StopAsked(StopCause cause) implements SessionInput {}

  record KillAsked() implements SessionInput {}

  /** The run before this one is to end; it may have done so by the time that this is read. */
  record RestartAsked(int run) implements SessionInput {}

  record CommandStarted() implements SessionInput {}

  /** The command itself ended, or did not start; its tree may live. */
  record CommandExited() implements SessionInput {}

  record ProcessEnded(ProcessResult result) implements SessionInput {}

  record ProxyEnded(ProxyEnd end) implements SessionInput {}
}
