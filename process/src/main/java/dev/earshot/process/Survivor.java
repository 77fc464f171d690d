package dev.earshot.process;

/**
 * A process that could not be ended in time.
 *
 * @param pid its process id
 * @param name the name of its program (proc(5), comm)
 * @param state its state as one letter, such as {@code D} for an uninterruptible wait
 */
public record Survivor(long pid, String name, String state) {}
