/** Owns a process tree: starts a command, stops it by deadlines and tells exactly how it ended. */
@NullMarked
package dev.earshot.process;

import org.jspecify.annotations.NullMarked;
