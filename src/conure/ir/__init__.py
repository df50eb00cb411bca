"""The one intermediate representation: types, operators, nodes, text, checker, evaluator."""
