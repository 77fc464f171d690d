/** The program: it reads the environment, constructs the parts and exits. */
@NullMarked
package dev.earshot.cli;

import org.jspecify.annotations.NullMarked;
