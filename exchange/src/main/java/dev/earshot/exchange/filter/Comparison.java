package dev.earshot.exchange.filter;

/** How two numbers compare. */
public enum Comparison {
  EQUAL("="),
  LESS("<"),
  AT_MOST("<="),
  GREATER(">"),
  AT_LEAST(">=");

  private final String sign;

  Comparison(String sign) {
    this.sign = sign;
  }

  /** As it is written: {@code = < <= > >=}. */
  public String sign() {
    return sign;
  }

  /** Whether it holds. */
  public boolean holds(long left, long right) {
    return switch (this) {
      case EQUAL -> left == right;
      case LESS -> left < right;
      case AT_MOST -> left <= right;
      case GREATER -> left > right;
      case AT_LEAST -> left >= right;
    };
  }
}
