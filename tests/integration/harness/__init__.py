"""What the integration tests are made of: the real programs, clients and origins that count every byte."""
