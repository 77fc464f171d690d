/** Benchmarks: each states its question and checks that it measured the intended path. */
@NullMarked
package dev.earshot.bench;

import org.jspecify.annotations.NullMarked;
