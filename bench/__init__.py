"""What Towline costs, beside plain programs that do a part of it. Ratios, never bare times."""
