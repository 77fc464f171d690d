/**
 * The filter language: expressions that choose exchanges, as values; their parser, their meaning
 * and what completes them. No I/O. What it says to users is in {@code docs/filter.md}.
 */
@NullMarked
package dev.earshot.exchange.filter;

import org.jspecify.annotations.NullMarked;
