/** What the tests share: leak check, waiting for facts, scripted origins. */
@NullMarked
package dev.earshot.testkit;

import org.jspecify.annotations.NullMarked;
