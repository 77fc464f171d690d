/** Real clients against real origins, with and without Earshot between them. */
@NullMarked
package dev.earshot.cli.interop;

import org.jspecify.annotations.NullMarked;
