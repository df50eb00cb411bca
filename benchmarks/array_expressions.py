"""The array programs for numexpr: each line of elementwise work as one expression."""
# ruff: noqa: F841 - numexpr finds variables by their names in the text

import math

import numexpr

evaluate = numexpr.evaluate


def chain(count: int) -> str:
    """The chain of so many operations as an expression of x and z."""
    text = "x"
    for k in range(count):
        text = ("({} * 0.5)", "({} + z)", "({} - 0.25)", "({} * x)")[k % 4].format(text)
    return text


def chain_of(count: int):
    text = chain(count)
    return lambda x, z: evaluate(text)


def black_scholes(price, strike, years):
    spread = evaluate("0.3 * sqrt(years)")
    d1 = evaluate("(log(price / strike) + (0.02 + 0.5 * 0.3 * 0.3) * years) / spread")
    discounted = evaluate("strike * exp(-0.02 * years)")
    one, two = normal_below(d1), normal_below(evaluate("d1 - spread"))
    call = evaluate("price * one - discounted * two")
    return call, evaluate("call - price + discounted")


def normal_below(x):
    k = evaluate("1.0 / (1.0 + 0.2316419 * abs(x))")
    series = (
        "0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429)))"
    )
    tail = evaluate(f"exp(-0.5 * x * x) * 0.3989422804014327 * k * ({series})")
    return evaluate("where(x < 0, tail, 1.0 - tail)")


def variance(x):
    mean = float(evaluate("sum(x)")) / x.size
    return float(evaluate("sum((x - mean) ** 2)")) / x.size


def regression(x, y):
    x_mean, y_mean = float(evaluate("sum(x)")) / x.size, float(evaluate("sum(y)")) / x.size
    both = float(evaluate("sum((x - x_mean) * (y - y_mean))"))
    slope = both / float(evaluate("sum((x - x_mean) ** 2)"))
    return slope, y_mean - slope * x_mean


def least_squares(x, y):
    n = x.size
    x_sum, y_sum = float(evaluate("sum(x)")), float(evaluate("sum(y)"))
    xy, xx = float(evaluate("sum(x * y)")), float(evaluate("sum(x * x)"))
    slope = (n * xy - x_sum * y_sum) / (n * xx - x_sum * x_sum)
    intercept = (y_sum - slope * x_sum) / n
    return slope, intercept, float(evaluate("sum((y - (slope * x + intercept)) ** 2)"))


def log_likelihood(data):
    factor = math.sqrt(2 * math.pi) * 0.6
    return float(evaluate("sum(log(exp(-((data - 0.4) ** 2) / (2 * 0.6 ** 2)) / factor))"))


def softmax(x):
    most = x.max(axis=1, keepdims=True)
    scaled = evaluate("exp(x - most)")
    total = scaled.sum(axis=1, keepdims=True)
    return evaluate("scaled / total")


EXPRESSIONS = {
    "chain of 1": lambda x: evaluate("x * 0.5"),
    "chain of 3": chain_of(3),
    "chain of 10": chain_of(10),
    "chain of 30": chain_of(30),
    "sin²+cos²": lambda x: evaluate("sin(x) ** 2 + cos(x) ** 2"),
    "contrived": lambda a, b, c, d, e, f, g: evaluate("(a * b + c) / d + e * f - g"),
    "Black-Scholes": black_scholes,
    "variance": variance,
    "simple regression": regression,
    "least squares": least_squares,
    "log likelihood": log_likelihood,
    "softmax": softmax,
}
