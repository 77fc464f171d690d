package dev.earshot.process;

/**
 * Why a command never ran; no process existed.
 *
 * @param errno the error number of the system
 * @param errnoName such as {@code ENOENT}
 * @param commandAbsent the stage is exec and there is no such file (a shell's 127; every other
 *     failed exec is its 126)
 * @param hint one line: what is wrong and what to try
 */
public record StartFailure(
    StartStage stage, int errno, String errnoName, boolean commandAbsent, String hint) {

  static StartFailure of(StartStage stage, int errno, String hint) {
    return new StartFailure(stage, errno, Errno.name(errno), false, hint);
  }
}
