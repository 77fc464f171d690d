package dev.earshot.process;

/**
 * A process that outlived its run: KILL did not end it in time, or it may.
 *
 * @param name as the kernel shows it, at most 15 bytes
 * @param state the letter of proc(5), such as {@code D} for a wait that cannot be interrupted
 */
public record Survivor(long pid, String name, char state) {}
